// Named places where a crash test may end the process at once (SIGKILL, nothing flushed).
//
//     KillPoint("flush.before_swap");
//
// Armed by the environment: ELANUS_KILL_POINT="flush.before_swap:3" dies at the third visit;
// ELANUS_KILL_POINT_LOG=FILE appends each visited name once, so a test can list what exists.
// Not armed, a visit is one relaxed atomic load.
#pragma once

namespace elanus::sys {

void KillPoint(const char* name);

}  // namespace elanus::sys
