// SPDX-License-Identifier: MIT
// SurrogateForce, and the way back to it from the plain openmm.Force that System.getForce() and XmlSerializer return.
%include "openmmsurrogate/SurrogateForce.h"

%newobject SurrogatePlugin::SurrogateForce::_castOwned;
%extend SurrogatePlugin::SurrogateForce {
    static bool _isInstance(const OpenMM::Force& force) {
        return dynamic_cast<const SurrogatePlugin::SurrogateForce*>(&force) != nullptr;
    }
    static SurrogatePlugin::SurrogateForce* _castBorrowed(OpenMM::Force& force) {
        return dynamic_cast<SurrogatePlugin::SurrogateForce*>(&force);
    }
    static SurrogatePlugin::SurrogateForce* _castOwned(OpenMM::Force& force) {
        return dynamic_cast<SurrogatePlugin::SurrogateForce*>(&force);
    }
}
