// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/KernelSettings.h"

using namespace std;

namespace SurrogatePlugin {

KernelSettings::KernelSettings(const SurrogateForce& force, const string& platformName)
    : precision(force.getPrecision()), useTable(force.getEvaluationMethod() != SurrogateForce::Network) {
    if (precision == NumericFormat::Default)
        precision = force.getModel().getFormat();
    if (precision == NumericFormat::Default)
        precision = (platformName == "Reference" ? NumericFormat::Double : NumericFormat::Single);
}

} // namespace SurrogatePlugin
