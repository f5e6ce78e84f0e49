// SPDX-License-Identifier: MIT
#include "StageFormat.h"
#include <algorithm>
#include <cmath>

using namespace std;

namespace SurrogatePlugin {

template <class T>
static void roundRange(NumericFormat::Type format, T* values, size_t count) {
    if (format == NumericFormat::Double)
        return;
    if (format == NumericFormat::Single) {
        for (size_t i = 0; i < count; i++)
            values[i] = (float) values[i];
        return;
    }
    T largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = max(largest, abs(values[i]));
    if (largest == 0)
        return;
    const int exponent = 14 - ilogb(largest);
    for (size_t i = 0; i < count; i++)
        values[i] = (T) ldexp(NumericFormat::round(ldexp((double) values[i], exponent), format), -exponent);
}

template <class T>
void roundToFormat(NumericFormat::Type format, vector<T>& values) {
    roundRange(format, values.data(), values.size());
}

template <class T>
void roundToFormat(NumericFormat::Type format, vector<complex<T> >& values) {
    roundRange(format, reinterpret_cast<T*>(values.data()), 2 * values.size());
}

template void roundToFormat(NumericFormat::Type, vector<float>&);
template void roundToFormat(NumericFormat::Type, vector<double>&);
template void roundToFormat(NumericFormat::Type, vector<complex<float> >&);
template void roundToFormat(NumericFormat::Type, vector<complex<double> >&);

} // namespace SurrogatePlugin
