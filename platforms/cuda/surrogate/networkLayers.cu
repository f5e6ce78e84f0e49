// SPDX-License-Identifier: MIT
// The network: first layer, hidden layers, last layer. A warp evaluates BATCH pairs at once; activations stay in registers.

#define BATCH (NUM_VALUE_TILES * ROWS)
static_assert(BATCH >= 8 && BATCH <= 32, "a lane prepares at most one pair");

// Hidden layers, each padded to a multiple of 16 (of 32 where a product takes 32 columns); neurons of the padding have weights 0.
__device__ constexpr int getWidth(int layer) {
    constexpr int widths[NUM_HIDDEN] = {NETWORK_WIDTHS};
    return widths[layer];
}

// Where things are in the words of a network, as PackedNetwork writes them. Four Sums are kept for each two columns (Sum4).
constexpr int WORDS_PER_SUM4 = sizeof(Sum4) / 4;
constexpr int HEADER_SUMS = 4; // Sum4s before the first layer

/** Words of one Sum4 for each two neurons. */
__device__ constexpr int getColumnWords(int width) {
    return width / 2 * WORDS_PER_SUM4;
}

/** Words of one Sum for each neuron: a Sum2 for each two. Shared memory needs half as long for that as for a Sum4. */
__device__ constexpr int getNeuronWords(int width) {
    return width / 4 * WORDS_PER_SUM4;
}

#if NETWORK_FORMAT == FORMAT_INT8
#define HAS_CODES 1 // how inputs of layers become integers is part of the words
#else
#define HAS_CODES 0
#endif

/** Words of biases; in Int8 with the scales of the sums. */
__device__ constexpr int getBiasWords(int width) {
    return HAS_CODES ? getColumnWords(width) : getNeuronWords(width);
}

#if NETWORK_FORMAT == FORMAT_DOUBLE || NETWORK_FORMAT == FORMAT_SINGLE
#define WORDS_PER_WEIGHT(K, N) (2 * (K) * (N))
#elif NETWORK_FORMAT == FORMAT_TF32
#define WORDS_PER_WEIGHT(K, N) ((K) * (N))
#elif NETWORK_FORMAT == FORMAT_INT8
#define WORDS_PER_WEIGHT(K, N) ((K) * (N) / 4)
#else
#define WORDS_PER_WEIGHT(K, N) ((K) * (N) / 2)
#endif

/** Where the words of hidden layer `layer` >= 1 begin: codes of its inputs, biases, weights. The last layer follows the last hidden one. */
__device__ constexpr int getLayerOffset(int layer) {
    int offset = HEADER_SUMS * WORDS_PER_SUM4 + getColumnWords(getWidth(0));
    for (int l = 1; l < layer; l++)
        offset += (HAS_CODES ? getColumnWords(getWidth(l - 1)) : 0) + getBiasWords(getWidth(l)) +
                  WORDS_PER_WEIGHT(getWidth(l - 1), getWidth(l));
    return offset;
}

static_assert(getLayerOffset(NUM_HIDDEN) + HAS_CODES * getColumnWords(getWidth(NUM_HIDDEN - 1)) +
                      getNeuronWords(getWidth(NUM_HIDDEN - 1)) ==
                  NETWORK_WORDS,
              "PackedNetwork.cpp differs from networkLayers.cu");

/** What stands before the layers. */
struct NetworkHeader {
    Sum inverseCutoff, lowestInput; // 1/nm; the input at the core radius
    Sum mean,
        standardDeviation; // of the output; for an energy output both are of the force: 0, and -1/cutoff of the deviation
    Sum lastBias;          // 0 for an energy output
    Sum coreRadius2, core0, core1, core2; // see docs/theory/repulsive-core.md
    Sum inputFactor, inputOffset;         // Int8 codes of the input, where end layers are rounded
    Sum unused[5];
};
static_assert(sizeof(NetworkHeader) == HEADER_SUMS * sizeof(Sum4), "the header is a whole number of Sum4");

struct Network {
    const unsigned int* words; // in shared memory if they fit
    __device__ __forceinline__ const NetworkHeader& getHeader() const {
        return *reinterpret_cast<const NetworkHeader*>(words);
    }
    __device__ __forceinline__ const Sum4* getColumns(int offset) const {
        return reinterpret_cast<const Sum4*>(words + offset);
    }
    __device__ __forceinline__ const Sum2* getNeurons(int offset) const {
        return reinterpret_cast<const Sum2*>(words + offset);
    }
};

/** The Int8 codes of 2t, 2t+1 in either half of a block of columns. */
__device__ __forceinline__ void readCodes(const Sum4* codes, int block, int lane, Sum4& codes0, Sum4& codes1) {
#if HAS_CODES
    codes0 = codes[8 * block + lane % 4];
    codes1 = codes[8 * block + 4 + lane % 4];
#endif
}

/** The inputs of a lane's rows, and its share of their outputs. */
struct RowValues {
    Sum value[NUM_VALUE_TILES][ROWS_PER_LANE];
};

/** The first layer, for 16 of its neurons: on CUDA cores, with a single input. */
__device__ __forceinline__ void computeFirstLayer(const Network& network, const RowValues& inputs, int block, int lane,
                                                  Block& result) {
    const Sum4* columns = network.getColumns(HEADER_SUMS * WORDS_PER_SUM4);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const Sum4 c = columns[8 * block + 4 * half + lane % 4]; // two weights, two biases
#pragma unroll
        for (int m = 0; m < NUM_VALUE_TILES; m++)
#pragma unroll
            for (int e = 0; e < VALUES; e++) {
                const Sum weight = e % 2 ? c.y : c.x;
                result.value[m][half][e] = weight * inputs.value[m][e / 2] + (e % 2 ? c.w : c.z);
#if ENERGY_OUTPUT
                result.value[NUM_VALUE_TILES + m][half][e] = weight;
#endif
            }
    }
}

/** Hand the sums of 16 neurons of hidden layer `layer` to what comes next: the operand of the next layer... */
template <int K>
struct NextLayer {
    Operand<K>& operand;
    const Sum4* codes;
    __device__ __forceinline__ void take(Block& sums, int block, int lane) {
        Sum4 codes0, codes1;
        readCodes(codes, block, lane, codes0, codes1);
#if !PACKED_ACTIVATION
        activateBlock(sums);
#endif
#pragma unroll
        for (int m = 0; m < NUM_TILES; m++) {
            packBlock<K>(operand, m, block, sums.value[m], codes0, codes1);
#if PACKED_ACTIVATION
            for (Word& word : operand.word[m][block])
                word = activatePacked(word);
#endif
        }
    }
};

/** ...or the last layer, which is a scalar product, on CUDA cores. */
struct LastLayer {
    RowValues& sum;
    const Sum2* weights;
    const Sum4* codes;
    __device__ __forceinline__ void take(Block& sums, int block, int lane) {
        activateBlock(sums);
        Sum4 codes[2];
        readCodes(this->codes, block, lane, codes[0], codes[1]);
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const Sum2 w = weights[8 * block + 4 * half + lane % 4];
#pragma unroll
            for (int m = 0; m < NUM_VALUE_TILES; m++)
#pragma unroll
                for (int row = 0; row < ROWS_PER_LANE; row++) {
                    // The force of an energy output is made of the derivatives.
                    const Sum(&value)[VALUES] = sums.value[NUM_TILES - NUM_VALUE_TILES + m][half];
                    Sum a = value[2 * row], b = value[2 * row + 1];
                    roundEnds(a, b, codes[half]);
                    sum.value[m][row] += w.x * a + w.y * b;
                }
        }
    }
};

template <int LAYER>
__device__ __forceinline__ void evaluateFrom(const Network& network, const Operand<getWidth(LAYER - 1)>& input,
                                             int lane, RowValues& sum);

/** Compute hidden layer LAYER 16 neurons at a time, each time handing them on. */
template <int LAYER, class Compute>
__device__ __forceinline__ void computeLayer(const Network& network, int lane, RowValues& sum, Compute compute) {
    constexpr int N = getWidth(LAYER), next = getLayerOffset(LAYER + 1);
    const Sum4* codes = network.getColumns(next);
    if constexpr (LAYER == NUM_HIDDEN - 1) {
        LastLayer last = {sum, network.getNeurons(next + HAS_CODES * getColumnWords(N)), codes};
#pragma unroll
        for (int block = 0; block < N / 16; block++) {
            Block sums;
            compute(block, sums);
            last.take(sums, block, lane);
        }
    } else {
        Operand<N> operand;
        NextLayer<N> nextLayer = {operand, codes};
#pragma unroll
        for (int block = 0; block < N / 16; block++) {
            Block sums;
            compute(block, sums);
            nextLayer.take(sums, block, lane);
        }
        evaluateFrom<LAYER + 1>(network, operand, lane, sum);
    }
}

template <int LAYER>
__device__ __forceinline__ void evaluateFrom(const Network& network, const Operand<getWidth(LAYER - 1)>& input,
                                             int lane, RowValues& sum) {
    constexpr int K = getWidth(LAYER - 1), N = getWidth(LAYER);
    constexpr int biasOffset = getLayerOffset(LAYER) + HAS_CODES * getColumnWords(K);
    const Bias* bias = reinterpret_cast<const Bias*>(network.words + biasOffset);
    const uint4* weights = reinterpret_cast<const uint4*>(network.words + biasOffset + getBiasWords(N));
    computeLayer<LAYER>(network, lane, sum, [&](int block, Block& result) {
        multiplyBlock<K, N>(input, weights, bias, block, lane, result);
    });
}

/**
 * Evaluate the network for BATCH distances, one per lane: r in nm. All lanes of the warp must call this.
 *
 * @return w(r) in kJ/mol/nm, for lanes below BATCH, also inside the core
 */
__device__ __forceinline__ Sum evaluateNetwork(const Network& network, Sum r, int lane) {
    const NetworkHeader& header = network.getHeader();
    Sum input = r * header.inverseCutoff, unused = 0;
    if (!(input >= header.lowestInput)) // in the core: any value that cannot overflow will do
        input = header.lowestInput;
    const Sum4 codes = {header.inputFactor, header.inputFactor, header.inputOffset, header.inputOffset};
    roundEnds(input, unused, codes);
    RowValues inputs, sum;
#pragma unroll
    for (int m = 0; m < NUM_VALUE_TILES; m++)
#pragma unroll
        for (int row = 0; row < ROWS_PER_LANE; row++) {
            inputs.value[m][row] = __shfl_sync(0xffffffff, input, m * ROWS + 8 * row + lane / 4);
            sum.value[m][row] = 0;
        }
    computeLayer<0>(network, lane, sum,
                    [&](int block, Block& result) { computeFirstLayer(network, inputs, block, lane, result); });
    // A row is summed over the four lanes that share it, always in the same order, and goes to the lane of its pair.
    Sum result = 0;
#pragma unroll
    for (int m = 0; m < NUM_VALUE_TILES; m++)
#pragma unroll
        for (int row = 0; row < ROWS_PER_LANE; row++) {
            Sum total = sum.value[m][row];
            total += __shfl_xor_sync(0xffffffff, total, 1);
            total += __shfl_xor_sync(0xffffffff, total, 2);
            total = __shfl_sync(0xffffffff, total, 4 * (lane % 8));
            if (lane / 8 == m * ROWS_PER_LANE + row)
                result = total;
        }
    result = header.mean + header.standardDeviation * (result + header.lastBias);
    const Sum depth = header.coreRadius2 - r * r;
    if (depth > 0)
        result = r * (header.core0 + depth * (header.core1 + depth * header.core2));
    return result;
}
