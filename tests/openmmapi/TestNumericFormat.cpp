// SPDX-License-Identifier: MIT
#include "openmmsurrogate/NumericFormat.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::vector;

namespace {

/** All finite, non-negative values of a format with the given field widths, in increasing order, decoded bit by bit. */
vector<double> listValues(int exponentBits, int fractionBits, int numCodes) {
    const int bias = (1 << (exponentBits - 1)) - 1;
    vector<double> values;
    for (int code = 0; code < numCodes; code++) {
        const int exponent = code >> fractionBits;
        const double fraction = code & ((1 << fractionBits) - 1);
        if (exponent == 0)
            values.push_back(std::ldexp(fraction, 1 - bias - fractionBits));
        else
            values.push_back(std::ldexp(fraction + (1 << fractionBits), exponent - bias - fractionBits));
    }
    return values;
}

/** Rounding must return each value itself, the nearer neighbor between two, and the even code halfway. */
void checkRounding(NumericFormat::Type format, const vector<double>& values) {
    for (size_t code = 0; code + 1 < values.size(); code++) {
        const double low = values[code], high = values[code + 1], middle = 0.5 * (low + high);
        for (double sign : {1.0, -1.0}) {
            EXPECT_EQ(sign * low, NumericFormat::round(sign * low, format));
            EXPECT_EQ(sign * (code % 2 == 0 ? low : high), NumericFormat::round(sign * middle, format))
                << "tie after code " << code;
            EXPECT_EQ(sign * low, NumericFormat::round(sign * std::nextafter(middle, low), format));
            EXPECT_EQ(sign * high, NumericFormat::round(sign * std::nextafter(middle, high), format));
        }
    }
    for (double beyond : {values.back(), 1.5 * values.back(), std::numeric_limits<double>::infinity()}) {
        EXPECT_EQ(values.back(), NumericFormat::round(beyond, format));
        EXPECT_EQ(-values.back(), NumericFormat::round(-beyond, format));
    }
    EXPECT_TRUE(std::isnan(NumericFormat::round(std::nan(""), format)));
}

} // namespace

TEST(NumericFormat, Float8RoundsEveryCode) {
    // E4M3: code 0x7f is NaN, 0x7e is 448.
    vector<double> values = listValues(4, 3, 0x7f);
    EXPECT_EQ(448.0, values.back());
    checkRounding(NumericFormat::Float8, values);
}

TEST(NumericFormat, Float16RoundsEveryCode) {
    vector<double> values = listValues(5, 10, 0x7c00);
    EXPECT_EQ(65504.0, values.back());
    checkRounding(NumericFormat::Float16, values);
}

TEST(NumericFormat, BFloat16RoundsEveryCode) {
    checkRounding(NumericFormat::BFloat16, listValues(8, 7, 0x7f80));
}

TEST(NumericFormat, TF32RoundsEveryCode) {
    checkRounding(NumericFormat::TF32, listValues(8, 10, 0xff << 10));
}

TEST(NumericFormat, SingleAgreesWithTheCompiler) {
    std::uint64_t state = 1;
    for (int k = 0; k < 100000; k++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        // Exponents from far below single precision's subnormals to just below its overflow.
        const double value =
            std::ldexp(1.0 + (state >> 12) * 0x1p-52, (int) (state % 280) - 153) * (state & (1ULL << 40) ? 1 : -1);
        EXPECT_EQ((double) (float) value, NumericFormat::round(value, NumericFormat::Single)) << value;
    }
    EXPECT_EQ(0.1, NumericFormat::round(0.1, NumericFormat::Double));
}

TEST(NumericFormat, IntegersRoundTiesToEvenAndSaturate) {
    for (int code = -127; code <= 127; code++) {
        EXPECT_EQ(code, NumericFormat::quantize(0.25 * code, 0.25, 0, NumericFormat::Int8));
        EXPECT_EQ(0.25 * code, NumericFormat::dequantize(code, 0.25, 0));
        const int even = code % 2 == 0 ? code : code + 1;
        EXPECT_EQ(std::min(127, even), NumericFormat::quantize(0.25 * (code + 0.5), 0.25, 0, NumericFormat::Int8));
    }
    EXPECT_EQ(127, NumericFormat::quantize(1e9, 0.25, 0, NumericFormat::Int8));
    EXPECT_EQ(-127, NumericFormat::quantize(-1e9, 0.25, 0, NumericFormat::Int8));
    EXPECT_EQ(7, NumericFormat::quantize(8, 1, 0, NumericFormat::Int4));
    EXPECT_EQ(-7, NumericFormat::quantize(-8, 1, 0, NumericFormat::Int4));
    EXPECT_EQ(-27, NumericFormat::quantize(10, 0.1, -127, NumericFormat::Int8));
    EXPECT_DOUBLE_EQ(10, NumericFormat::dequantize(-27, 0.1, -127));
}

TEST(NumericFormat, NamesAndParsingAreInverse) {
    for (int k = 0; k < NumericFormat::NumTypes; k++)
        EXPECT_EQ(k, NumericFormat::parse(NumericFormat::getName((NumericFormat::Type) k)));
    try {
        NumericFormat::parse("float12");
        FAIL() << "an unknown name must be an error";
    } catch (const OpenMMException& e) {
        EXPECT_NE(std::string::npos, std::string(e.what()).find("float12"));
        EXPECT_NE(std::string::npos, std::string(e.what()).find("bfloat16")) << "the message lists the valid names";
    }
    EXPECT_THROW(NumericFormat::getName((NumericFormat::Type) 9), OpenMMException);
    EXPECT_THROW(NumericFormat::getName((NumericFormat::Type) -1), OpenMMException);
}

TEST(NumericFormat, RefusesWhatHasNoMeaning) {
    EXPECT_THROW(NumericFormat::round(1, NumericFormat::Int8), OpenMMException);
    EXPECT_THROW(NumericFormat::round(1, NumericFormat::Default), OpenMMException);
    EXPECT_THROW(NumericFormat::quantize(1, 1, 0, NumericFormat::Float16), OpenMMException);
    EXPECT_THROW(NumericFormat::quantize(1, 0, 0, NumericFormat::Int8), OpenMMException);
    EXPECT_THROW(NumericFormat::quantize(std::nan(""), 1, 0, NumericFormat::Int8), OpenMMException);
}
