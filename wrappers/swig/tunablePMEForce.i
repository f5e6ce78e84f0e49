// SPDX-License-Identifier: MIT
// TunablePMEForce, a class that derives from one of OpenMM's own module, and the way back to it from openmm.NonbondedForce.
%include "openmmsurrogate/TunablePMEForce.h"

%newobject SurrogatePlugin::TunablePMEForce::_castOwned;
%extend SurrogatePlugin::TunablePMEForce {
    static bool _isInstance(const OpenMM::Force& force) {
        return dynamic_cast<const SurrogatePlugin::TunablePMEForce*>(&force) != nullptr;
    }
    static SurrogatePlugin::TunablePMEForce* _castBorrowed(OpenMM::Force& force) {
        return dynamic_cast<SurrogatePlugin::TunablePMEForce*>(&force);
    }
    static SurrogatePlugin::TunablePMEForce* _castOwned(OpenMM::Force& force) {
        return dynamic_cast<SurrogatePlugin::TunablePMEForce*>(&force);
    }
    // For the search of tunePME(): the grid that SPME would get in a Context, which may be too large to make one.
    std::vector<int> _chooseGrid(const OpenMM::System& system) const {
        const SurrogatePlugin::PMEPlatform platform = {SurrogatePlugin::NumericFormat::Single, "SPME is asked about", 0};
        const auto grid = SurrogatePlugin::PMESettings(system, *$self, platform).coulomb.grid;
        return {grid.begin(), grid.end()};
    }
}

// For the search of tunePME().
namespace SurrogatePlugin {
int findFFTSize(int minimum);
std::vector<double> getProlateTolerances();
}
