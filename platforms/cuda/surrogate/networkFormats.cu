// SPDX-License-Identifier: MIT
// What differs between the numeric formats of a network kernel: how activations are rounded and packed into operands of the matrix units,
// and which mma instruction multiplies them. See docs/theory/network-kernels.md; the formats themselves are defined by NumericFormat.h.
//
// Fragments. A warp holds tiles of ROWS pairs. Of 8 columns (neurons) of a tile, a lane has columns 2t and 2t+1 of row g, and of row g+8 where
// there are 16 rows; g = lane/4, t = lane%4. That is the accumulator layout of every mma. It becomes the operand of the next layer without
// any exchange between lanes, because the order of the columns in a sum is free: the host packs the weights in the same order.

#if NETWORK_FORMAT == FORMAT_DOUBLE
typedef double Sum; // the arithmetic of sums, biases and activations
#else
typedef float Sum;
#endif

#if NETWORK_FORMAT == FORMAT_DOUBLE
#define ROWS 8
#else
#define ROWS 16
#endif
#if ENERGY_OUTPUT
#define NUM_VALUE_TILES (NUM_TILES / 2) // the other half are derivatives with respect to the input
#else
#define NUM_VALUE_TILES NUM_TILES
#endif
#define ROWS_PER_LANE (ROWS / 8)
#define VALUES (2 * ROWS_PER_LANE) // of a lane, in 8 columns of a tile: element e is column 2t + e%2 of row g + 8 (e/2)

// Whether activations between layers are computed in Float16 themselves, two at a time.
#define PACKED_ACTIVATION                                                                                              \
    (NETWORK_FORMAT == FORMAT_FLOAT16 && ACTIVATION == ACTIVATION_POLYNOMIAL && ACTIVATION_IS_BOUNDED)

// Words of an operand that a lane has in 16 columns of a tile, and words of weights that it needs for 16 columns times 16 neurons.
#if NETWORK_FORMAT == FORMAT_DOUBLE
typedef double Word;
#define WORDS_PER_BLOCK 4
#elif NETWORK_FORMAT == FORMAT_SINGLE || NETWORK_FORMAT == FORMAT_TF32
typedef unsigned int Word;
#define WORDS_PER_BLOCK 8
#elif NETWORK_FORMAT == FORMAT_INT8
typedef unsigned int Word;
#define WORDS_PER_BLOCK 2
#else
typedef unsigned int Word;
#define WORDS_PER_BLOCK 4
#endif

/** The inputs of a layer with K columns, rounded to the format. */
template <int K>
struct Operand {
    Word word[NUM_TILES][K / 16][WORDS_PER_BLOCK];
};

/** Sums, then activations, of 16 columns. */
struct Block {
    Sum value[NUM_TILES][2][VALUES];
};

struct __align__(16) Sum4 {
    Sum x, y, z, w;
};

struct __align__(2 * sizeof(Sum)) Sum2 {
    Sum x, y;
};

// Roundings. All are to nearest, ties to even, and saturate.

__device__ __forceinline__ unsigned int packFloat16(float low, float high) {
    unsigned int result;
#if ACTIVATION_IS_BOUNDED
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
#else
    const float limit = 65504;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;"
        : "=r"(result)
        : "f"(fminf(fmaxf(high, -limit), limit)), "f"(fminf(fmaxf(low, -limit), limit)));
#endif
    return result;
}

__device__ __forceinline__ unsigned int packBFloat16(float low, float high) {
    unsigned int result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
}

__device__ __forceinline__ unsigned int roundTF32(float x) {
    unsigned int result;
#if __CUDA_ARCH__ >= 900
    asm("cvt.rn.tf32.f32 %0, %1;" : "=r"(result) : "f"(x));
#else // ties away from zero: they are one value in 8192
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(result) : "f"(x));
#endif
    return result;
}

#if NETWORK_FORMAT == FORMAT_FLOAT8
__device__ __forceinline__ unsigned short packFloat8(float low, float high) {
    unsigned short result;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(result) : "f"(high), "f"(low));
    return result;
}

__device__ __forceinline__ unsigned int unpackFloat8(unsigned short codes) {
    unsigned int result;
    asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(result) : "h"(codes));
    return result;
}
#endif

__device__ __forceinline__ float2 unpackFloat16(unsigned int halves) {
    float2 result;
    asm("{.reg .b16 low, high; mov.b32 {low, high}, %2; cvt.f32.f16 %0, low; cvt.f32.f16 %1, high;}"
        : "=f"(result.x), "=f"(result.y)
        : "r"(halves));
    return result;
}

/** How the inputs of a pair of columns become Int8 codes: by 1/(254 scale) and (zero point + 127)/254, so that saturation comes free. */
__device__ __forceinline__ unsigned int findCode(float x, float factor, float offset) {
    // 0x1.8p23 puts the nearest integer into the low bits of the float.
    return __float_as_uint(fmaf(__saturatef(fmaf(x, factor, offset)), 254.0f, 0x1.8p23f - 127.0f));
}

/** Round two inputs of a layer that stays on CUDA cores: an end layer of a model that rounds these too. */
__device__ __forceinline__ void roundEnds(Sum& a, Sum& b, const Sum4& codes) {
#if !END_LAYERS_SINGLE
#if NETWORK_FORMAT == FORMAT_INT8
    // scale * (code - zero point)
    a = (rintf(254 * __saturatef(fmaf(a, codes.x, codes.z))) - 254 * codes.z) / (254 * codes.x);
    b = (rintf(254 * __saturatef(fmaf(b, codes.y, codes.w))) - 254 * codes.w) / (254 * codes.y);
#elif NETWORK_FORMAT == FORMAT_FLOAT8
    const float2 rounded = unpackFloat16(unpackFloat8(packFloat8(a, b)));
    a = rounded.x;
    b = rounded.y;
#elif NETWORK_FORMAT == FORMAT_FLOAT16
    const float2 rounded = unpackFloat16(packFloat16(a, b));
    a = rounded.x;
    b = rounded.y;
#elif NETWORK_FORMAT == FORMAT_BFLOAT16
    const unsigned int rounded = packBFloat16(a, b);
    a = __uint_as_float(rounded << 16);
    b = __uint_as_float(rounded & 0xffff0000);
#elif NETWORK_FORMAT == FORMAT_TF32
    a = __uint_as_float(roundTF32(a));
    b = __uint_as_float(roundTF32(b));
#endif
#endif
}

/** Round 16 columns of a tile and make them the inputs of the next layer. The codes are those of Int8 for columns 2t, 2t+1 of each half. */
template <int K>
__device__ __forceinline__ void packBlock(Operand<K>& operand, int tile, int block, const Sum (&value)[2][VALUES],
                                          const Sum4& codes0, const Sum4& codes1) {
    Word(&word)[WORDS_PER_BLOCK] = operand.word[tile][block];
#if NETWORK_FORMAT == FORMAT_DOUBLE
    for (int half = 0; half < 2; half++)
        for (int e = 0; e < 2; e++)
            word[2 * half + e] = value[half][e];
#elif NETWORK_FORMAT == FORMAT_SINGLE || NETWORK_FORMAT == FORMAT_TF32
    for (int half = 0; half < 2; half++)
        for (int e = 0; e < 4; e++) { // operand order: row g, row g+8 of the first column, then of the second
            const float x = value[half][2 * (e % 2) + e / 2];
            word[4 * half + e] = NETWORK_FORMAT == FORMAT_TF32 ? roundTF32(x) : __float_as_uint(x);
        }
#else
    for (int row = 0; row < 2; row++) {
        const float a = value[0][2 * row], b = value[0][2 * row + 1], c = value[1][2 * row], d = value[1][2 * row + 1];
#if NETWORK_FORMAT == FORMAT_BFLOAT16
        word[row] = packBFloat16(a, b);
        word[2 + row] = packBFloat16(c, d);
#elif NETWORK_FORMAT == FORMAT_FLOAT16
        word[row] = packFloat16(a, b);
        word[2 + row] = packFloat16(c, d);
#elif NETWORK_FORMAT == FORMAT_FLOAT8 // every Float8 is a Float16
        word[row] = unpackFloat8(packFloat8(a, b));
        word[2 + row] = unpackFloat8(packFloat8(c, d));
#elif NETWORK_FORMAT == FORMAT_INT8
        const unsigned int low = __byte_perm(findCode(a, codes0.x, codes0.z), findCode(b, codes0.y, codes0.w), 0x0040);
        const unsigned int high = __byte_perm(findCode(c, codes1.x, codes1.z), findCode(d, codes1.y, codes1.w), 0x0040);
        word[row] = __byte_perm(low, high, 0x5410);
#endif
    }
#endif
}
