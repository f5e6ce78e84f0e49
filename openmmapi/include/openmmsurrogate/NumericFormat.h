// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_NUMERICFORMAT_H_
#define OPENMM_SURROGATE_NUMERICFORMAT_H_

#include <string>

namespace SurrogatePlugin {

/**
 * The numeric formats in which a pair network can be evaluated, and their rounding rules.
 *
 * This is the only definition of the formats: Reference emulation, weight packing, the file format and
 * Python all use it.
 */
class NumericFormat {
public:
    enum Type {
        /** Not chosen: the format carried by the model, else the platform's own (see SurrogateForce). */
        Default = 0,
        /** IEEE 754 binary64. */
        Double = 1,
        /** IEEE 754 binary32. */
        Single = 2,
        /** 8 exponent and 10 fraction bits: the operand format of NVIDIA's TF32 tensor-core products. */
        TF32 = 3,
        /** 8 exponent and 7 fraction bits. */
        BFloat16 = 4,
        /** IEEE 754 binary16: 5 exponent and 10 fraction bits. */
        Float16 = 5,
        /** E4M3 of Micikevicius et al., arXiv:2209.05433: 4 exponent and 3 fraction bits, no infinity, largest 448. */
        Float8 = 6,
        /** Integers in [-127, 127] times a scale: per output row for weights, per channel or layer for activations. */
        Int8 = 7,
        /** Weights as integers in [-7, 7] times a scale per group of inputs; activations in Float16. */
        Int4 = 8
    };
    static constexpr int NumTypes = 9;
    /**
     * Get the name used in files and messages: "default", "double", "single", "tf32", "bfloat16", "float16",
     * "float8", "int8", "int4".
     *
     * @throws OpenMM::OpenMMException if the value is not one of the formats
     */
    static const std::string& getName(Type format);
    /**
     * Get the format with a given name.
     *
     * @throws OpenMM::OpenMMException if there is none; the message lists the valid names
     */
    static Type parse(const std::string& name);
    /** Get whether the format rounds more coarsely than Single. */
    static bool isReduced(Type format);
    /**
     * Round a value to the nearest one that a floating point format can hold, ties to even.
     *
     * Values beyond the largest finite one become it (saturation), as conversion instructions with .satfinite
     * do; subnormals are kept. NaN stays NaN.
     *
     * @param value   the value to round
     * @param format  Double, Single, TF32, BFloat16, Float16 or Float8
     * @return the rounded value
     * @throws OpenMM::OpenMMException if the format is an integer format, which has no rounding without a scale
     */
    static double round(double value, Type format);
    /**
     * Round a value to the nearest integer code of an integer format, ties to even, saturating at the ends.
     *
     * @param value      the value to round
     * @param scale      the value of one code step; must be positive
     * @param zeroPoint  the code that stands for the value 0
     * @param format     Int8 (codes -127 to 127) or Int4 (codes -7 to 7)
     * @return the code
     */
    static int quantize(double value, double scale, int zeroPoint, Type format);
    /** Get the value that an integer code stands for: scale * (code - zeroPoint). */
    static double dequantize(int code, double scale, int zeroPoint);
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_NUMERICFORMAT_H_*/
