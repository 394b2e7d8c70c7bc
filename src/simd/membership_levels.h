// The membership tables of the single instruction sets, one per membership_<level>.cc. Call them
// only through MembershipsAt(), which asks the processor first.
#pragma once

#include "simd/membership.h"

namespace elanus::simd {

const MembershipKernels& ScalarMemberships();
const MembershipKernels& Avx2Memberships();
const MembershipKernels& Avx512Memberships();

}  // namespace elanus::simd
