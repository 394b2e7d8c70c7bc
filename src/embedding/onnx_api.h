// The part of onnxruntime's C interface that is used here, by its documentation: a library hands
// out one table of functions, in an order that is never changed, only grown at the end. So the
// places of the functions are written down, and their neighbours left blank.
//
// Why not the library's own header: no package that holds the library (PyPI's onnxruntime) has it.
// Threads: a session is run from anywhere; everything else as it says.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elanus::embedding::onnx {

struct Env;
struct Status;  // null = success
struct MemoryInfo;
struct Session;
struct Value;
struct RunOptions;
struct TypeInfo;
struct TensorInfo;
struct SessionOptions;
struct Allocator;

enum ElementType : int32_t { kFloat = 1, kInt32 = 6, kInt64 = 7 };
enum Severity : int32_t { kErrorsOnly = 3 };
enum GraphOptimization : int32_t { kAllOptimizations = 99 };
enum AllocatorType : int32_t { kArenaAllocator = 1 };
enum MemoryType : int32_t { kDefaultMemory = 0 };

// The number before a line is the place in the table.
struct Api {
    void* unused_0[2];
    /*  2 */ const char* (*GetErrorMessage)(const Status* status);
    /*  3 */ Status* (*CreateEnv)(Severity severity, const char* name, Env** out);
    void* unused_4[3];
    /*  7 */ Status* (*CreateSession)(const Env* env, const char* path,
                                      const SessionOptions* options, Session** out);
    void* unused_8;
    /*  9 */ Status* (*Run)(Session* session, const RunOptions* options,
                            const char* const* input_names, const Value* const* inputs,
                            size_t input_count, const char* const* output_names,
                            size_t output_count, Value** outputs);
    /* 10 */ Status* (*CreateSessionOptions)(SessionOptions** out);
    void* unused_11[12];
    /* 23 */ Status* (*SetSessionGraphOptimizationLevel)(SessionOptions* options,
                                                         GraphOptimization level);
    /* 24 */ Status* (*SetIntraOpNumThreads)(SessionOptions* options, int threads);
    /* 25 */ Status* (*SetInterOpNumThreads)(SessionOptions* options, int threads);
    void* unused_26[4];
    /* 30 */ Status* (*SessionGetInputCount)(const Session* session, size_t* out);
    /* 31 */ Status* (*SessionGetOutputCount)(const Session* session, size_t* out);
    void* unused_32;
    /* 33 */ Status* (*SessionGetInputTypeInfo)(const Session* session, size_t i, TypeInfo** out);
    /* 34 */ Status* (*SessionGetOutputTypeInfo)(const Session* session, size_t i, TypeInfo** out);
    void* unused_35;
    /* 36 */ Status* (*SessionGetInputName)(const Session* session, size_t i, Allocator* allocator,
                                            char** out);
    /* 37 */ Status* (*SessionGetOutputName)(const Session* session, size_t i, Allocator* allocator,
                                             char** out);
    void* unused_38[11];
    /* 49 */ Status* (*CreateTensorWithDataAsOrtValue)(const MemoryInfo* memory, void* data,
                                                       size_t bytes, const int64_t* shape,
                                                       size_t shape_size, ElementType type,
                                                       Value** out);
    void* unused_50;
    /* 51 */ Status* (*GetTensorMutableData)(Value* value, void** out);
    void* unused_52[3];
    /* 55 */ Status* (*CastTypeInfoToTensorInfo)(const TypeInfo* info, const TensorInfo** out);
    void* unused_56[4];
    /* 60 */ Status* (*GetTensorElementType)(const TensorInfo* info, ElementType* out);
    /* 61 */ Status* (*GetDimensionsCount)(const TensorInfo* info, size_t* out);
    /* 62 */ Status* (*GetDimensions)(const TensorInfo* info, int64_t* out, size_t count);
    void* unused_63[2];
    /* 65 */ Status* (*GetTensorTypeAndShape)(const Value* value, TensorInfo** out);
    void* unused_66[3];
    /* 69 */ Status* (*CreateCpuMemoryInfo)(AllocatorType allocator, MemoryType memory,
                                            MemoryInfo** out);
    void* unused_70[6];
    /* 76 */ Status* (*AllocatorFree)(Allocator* allocator, void* memory);
    void* unused_77;
    /* 78 */ Status* (*GetAllocatorWithDefaultOptions)(Allocator** out);
    void* unused_79[13];
    /* 92 */ void (*ReleaseEnv)(Env* env);
    /* 93 */ void (*ReleaseStatus)(Status* status);
    /* 94 */ void (*ReleaseMemoryInfo)(MemoryInfo* info);
    /* 95 */ void (*ReleaseSession)(Session* session);
    /* 96 */ void (*ReleaseValue)(Value* value);
    /* 97 */ void (*ReleaseRunOptions)(RunOptions* options);
    /* 98 */ void (*ReleaseTypeInfo)(TypeInfo* info);
    /* 99 */ void (*ReleaseTensorTypeAndShapeInfo)(TensorInfo* info);
    /* 100 */ void (*ReleaseSessionOptions)(SessionOptions* options);
};

#define ELANUS_ONNX_PLACE(name, place) static_assert(offsetof(Api, name) == (place) * sizeof(void*))
ELANUS_ONNX_PLACE(GetErrorMessage, 2);
ELANUS_ONNX_PLACE(CreateSession, 7);
ELANUS_ONNX_PLACE(Run, 9);
ELANUS_ONNX_PLACE(SetSessionGraphOptimizationLevel, 23);
ELANUS_ONNX_PLACE(SessionGetInputCount, 30);
ELANUS_ONNX_PLACE(SessionGetInputTypeInfo, 33);
ELANUS_ONNX_PLACE(SessionGetInputName, 36);
ELANUS_ONNX_PLACE(CreateTensorWithDataAsOrtValue, 49);
ELANUS_ONNX_PLACE(GetTensorMutableData, 51);
ELANUS_ONNX_PLACE(CastTypeInfoToTensorInfo, 55);
ELANUS_ONNX_PLACE(GetTensorElementType, 60);
ELANUS_ONNX_PLACE(GetTensorTypeAndShape, 65);
ELANUS_ONNX_PLACE(CreateCpuMemoryInfo, 69);
ELANUS_ONNX_PLACE(AllocatorFree, 76);
ELANUS_ONNX_PLACE(GetAllocatorWithDefaultOptions, 78);
ELANUS_ONNX_PLACE(ReleaseEnv, 92);
ELANUS_ONNX_PLACE(ReleaseSessionOptions, 100);
#undef ELANUS_ONNX_PLACE

// What the library's only exported function, OrtGetApiBase, points at.
struct ApiBase {
    const Api* (*GetApi)(uint32_t version);  // null for a version that the library does not know
    const char* (*GetVersionString)();
};

}  // namespace elanus::embedding::onnx
