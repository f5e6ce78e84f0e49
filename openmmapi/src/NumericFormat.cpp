// SPDX-License-Identifier: MIT
#include "openmmsurrogate/NumericFormat.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::string;

namespace {

const std::array<string, NumericFormat::NumTypes> names = {"default", "double", "single", "tf32", "bfloat16",
                                                           "float16", "float8", "int8",   "int4"};

/** A binary floating point format with subnormals. */
struct BinaryFormat {
    int fractionBits, minExponent;
    double largest;
};

double roundTo(double value, const BinaryFormat& format) {
    if (std::isnan(value) || value == 0)
        return value;
    if (std::fabs(value) >= format.largest)
        return std::copysign(format.largest, value);
    const int exponent = std::max(std::ilogb(value), format.minExponent);
    // Scaling by a power of two is exact, and nearbyint() rounds ties to even, so the result is correctly rounded.
    const double quantum = std::ldexp(1.0, exponent - format.fractionBits);
    const double rounded = std::nearbyint(value / quantum) * quantum;
    return std::min(format.largest, std::max(-format.largest, rounded));
}

string listNames() {
    string list;
    for (const string& name : names)
        list += (list.empty() ? "" : ", ") + name;
    return list;
}

int largestCode(NumericFormat::Type format) {
    if (format == NumericFormat::Int8)
        return 127;
    if (format == NumericFormat::Int4)
        return 7;
    throw OpenMMException("NumericFormat: " + NumericFormat::getName(format) +
                          " is not an integer format; use int8 or int4");
}

} // namespace

const string& NumericFormat::getName(Type format) {
    if ((int) format < 0 || (int) format >= NumTypes)
        throw OpenMMException("NumericFormat: " + std::to_string((int) format) +
                              " is not a numeric format; the formats are 0 to " + std::to_string(NumTypes - 1) + ": " +
                              listNames());
    return names[format];
}

NumericFormat::Type NumericFormat::parse(const string& name) {
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        throw OpenMMException("NumericFormat: there is no numeric format '" + name + "'; use one of " + listNames());
    return (Type) (found - names.begin());
}

bool NumericFormat::isReduced(Type format) {
    return format > Single;
}

double NumericFormat::round(double value, Type format) {
    switch (format) {
    case Double:
        return value;
    case Single:
        return roundTo(value, {23, -126, FLT_MAX});
    case TF32:
        return roundTo(value, {10, -126, 0x1.ffcp127});
    case BFloat16:
        return roundTo(value, {7, -126, 0x1.fep127});
    case Float16:
        return roundTo(value, {10, -14, 65504.0});
    case Float8:
        return roundTo(value, {3, -6, 448.0});
    default:
        throw OpenMMException(
            "NumericFormat: cannot round to " + getName(format) +
            " without a scale; use quantize() for int8 and int4, and choose a format instead of default");
    }
}

int NumericFormat::quantize(double value, double scale, int zeroPoint, Type format) {
    const int largest = largestCode(format);
    if (!(scale > 0) || !std::isfinite(scale) || std::isnan(value))
        throw OpenMMException("NumericFormat: quantize() needs a positive, finite scale and a number; got scale " +
                              std::to_string(scale) + " and value " + std::to_string(value));
    const double code = std::nearbyint(value / scale) + zeroPoint;
    return (int) std::min((double) largest, std::max((double) -largest, code));
}

double NumericFormat::dequantize(int code, double scale, int zeroPoint) {
    return scale * (code - zeroPoint);
}
