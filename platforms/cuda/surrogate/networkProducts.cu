// SPDX-License-Identifier: MIT
// Products of 16 neurons with all inputs of a layer, on the matrix units.

__device__ __forceinline__ void multiplyFloat16(float (&sum)[4], const unsigned int* a, unsigned int b0,
                                                unsigned int b1) {
#if NETWORK_FORMAT == FORMAT_BFLOAT16
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
#endif
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ void multiplyTF32(float (&sum)[4], const unsigned int* a, unsigned int b0, unsigned int b1) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ void multiplyInt8(int (&sum)[4], unsigned int a0, unsigned int a1, unsigned int a2,
                                             unsigned int a3, unsigned int b0, unsigned int b1) {
    asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+r"(sum[0]), "+r"(sum[1]), "+r"(sum[2]), "+r"(sum[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

__device__ __forceinline__ void multiplyDouble(double (&sum)[2], double a, double b) {
    asm("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};"
        : "+d"(sum[0]), "+d"(sum[1])
        : "d"(a), "d"(b));
}

/** Split a number into a part that TF32 holds and the rest, of which the mma ignores the bits below TF32's. */
__device__ __forceinline__ void splitSingle(unsigned int x, unsigned int& high, unsigned int& low) {
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(high) : "f"(__uint_as_float(x)));
    low = __float_as_uint(__uint_as_float(x) - __uint_as_float(high));
}

/**
 * Multiply inputs in single precision: each is split into a high and a low part in TF32, and so are the weights (by the host). The product of
 * the low parts, 2^-24 of the whole, is left out. The matrix units truncate what they add to, so each product of high parts starts
 * from zero and is added by a rounding addition.
 *
 * @param small  sums of the products of high and low parts, two apart from each other so that they need not wait for each other
 */
__device__ __forceinline__ void multiplySingle(float (&sum)[2][4], float (&small)[2][2][4], const unsigned int* a,
                                               const uint4& b0, const uint4& b1) {
    unsigned int high[4], low[4];
    for (int e = 0; e < 4; e++)
        splitSingle(a[e], high[e], low[e]);
    float product[2][4] = {};
    multiplyTF32(product[0], high, b0.x, b0.y);
    multiplyTF32(product[1], high, b1.x, b1.y);
    multiplyTF32(small[0][0], low, b0.x, b0.y);
    multiplyTF32(small[0][1], low, b1.x, b1.y);
    multiplyTF32(small[1][0], high, b0.z, b0.w);
    multiplyTF32(small[1][1], high, b1.z, b1.w);
    for (int e = 0; e < 8; e++)
        sum[e / 4][e % 4] += product[e / 4][e % 4];
}

#if NETWORK_FORMAT == FORMAT_INT8
typedef Sum4 Bias;
#else
typedef Sum2 Bias;
#endif

/**
 * Compute the sums of 16 neurons.
 *
 * @param words  the layer's weights, packed by PackedNetwork
 * @param bias   of neurons 2t and 2t+1 of each 8; for Int8 {scale, scale, bias, bias}
 */
template <int K, int N>
__device__ __forceinline__ void multiplyBlock(const Operand<K>& input, const uint4* words, const Bias* bias, int block,
                                              int lane, Block& result) {
    const Bias bias0 = bias[8 * block + lane % 4], bias1 = bias[8 * block + 4 + lane % 4];
#if NETWORK_FORMAT == FORMAT_INT8
    // The integers start at the bits of the float 0x1.8p23, which then reads as itself plus the sum: a conversion saved.
    int sum[NUM_TILES][2][4];
    for (int m = 0; m < NUM_TILES; m++)
        for (int e = 0; e < 8; e++)
            sum[m][e / 4][e % 4] = 0x4b400000;
#pragma unroll
    for (int k = 0; k < K / 32; k++) {
        const uint4 b = words[(k * (N / 16) + block) * 32 + lane];
#pragma unroll
        for (int m = 0; m < NUM_TILES; m++) {
            const Word *a = input.word[m][2 * k], *c = input.word[m][2 * k + 1];
            multiplyInt8(sum[m][0], a[0], a[1], c[0], c[1], b.x, b.y);
            multiplyInt8(sum[m][1], a[0], a[1], c[0], c[1], b.z, b.w);
        }
    }
#pragma unroll
    for (int m = 0; m < NUM_TILES; m++)
        for (int e = 0; e < 4; e++) {
            result.value[m][0][e] =
                fmaf(__int_as_float(sum[m][0][e]), e % 2 ? bias0.y : bias0.x, e % 2 ? bias0.w : bias0.z);
            result.value[m][1][e] =
                fmaf(__int_as_float(sum[m][1][e]), e % 2 ? bias1.y : bias1.x, e % 2 ? bias1.w : bias1.z);
        }
#else
    const Sum start0[4] = {bias0.x, bias0.y, bias0.x, bias0.y}, start1[4] = {bias1.x, bias1.y, bias1.x, bias1.y};
#pragma unroll
    for (int m = 0; m < NUM_TILES; m++)
        for (int e = 0; e < VALUES; e++) {
            // Derivatives have no bias.
            result.value[m][0][e] = m < NUM_VALUE_TILES ? start0[e] : 0;
            result.value[m][1][e] = m < NUM_VALUE_TILES ? start1[e] : 0;
        }
#if NETWORK_FORMAT == FORMAT_DOUBLE
#pragma unroll
    for (int k = 0; k < K / 8; k++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const uint4 b = words[(k * (N / 8) + 2 * block + half) * 32 + lane];
            const double b0 = __hiloint2double(b.y, b.x), b1 = __hiloint2double(b.w, b.z);
#pragma unroll
            for (int m = 0; m < NUM_TILES; m++) {
                multiplyDouble(result.value[m][half], input.word[m][k / 2][2 * (k % 2)], b0);
                multiplyDouble(result.value[m][half], input.word[m][k / 2][2 * (k % 2) + 1], b1);
            }
        }
#elif NETWORK_FORMAT == FORMAT_SINGLE
    float small[NUM_TILES][2][2][4] = {};
#pragma unroll
    for (int k = 0; k < K / 8; k++) {
        const uint4 b0 = words[(k * (N / 8) + 2 * block) * 32 + lane],
                    b1 = words[(k * (N / 8) + 2 * block + 1) * 32 + lane];
#pragma unroll
        for (int m = 0; m < NUM_TILES; m++)
            multiplySingle(result.value[m], small[m], &input.word[m][k / 2][4 * (k % 2)], b0, b1);
    }
#pragma unroll
    for (int m = 0; m < NUM_TILES; m++)
        for (int e = 0; e < 8; e++)
            result.value[m][e / 4][e % 4] += small[m][0][e / 4][e % 4] + small[m][1][e / 4][e % 4];
#elif NETWORK_FORMAT == FORMAT_TF32
#pragma unroll
    for (int k = 0; k < K / 8; k++) {
        const uint4 b = words[(k * (N / 16) + block) * 32 + lane];
#pragma unroll
        for (int m = 0; m < NUM_TILES; m++) {
            multiplyTF32(result.value[m][0], &input.word[m][k / 2][4 * (k % 2)], b.x, b.y);
            multiplyTF32(result.value[m][1], &input.word[m][k / 2][4 * (k % 2)], b.z, b.w);
        }
    }
#else
#pragma unroll
    for (int k = 0; k < K / 16; k++) {
        const uint4 b = words[(k * (N / 16) + block) * 32 + lane];
#pragma unroll
        for (int m = 0; m < NUM_TILES; m++) {
            multiplyFloat16(result.value[m][0], input.word[m][k], b.x, b.y);
            multiplyFloat16(result.value[m][1], input.word[m][k], b.z, b.w);
        }
    }
#endif
#endif
}
