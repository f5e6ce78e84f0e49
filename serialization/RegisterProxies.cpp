// SPDX-License-Identifier: MIT
#include "SurrogateForceProxy.h"
#include "TunablePMEForceProxy.h"
#include "openmmsurrogate/SurrogateForce.h"
#include "openmmsurrogate/TunablePMEForce.h"
#include <typeinfo>

using namespace SurrogatePlugin;

namespace {

bool registerProxies() {
    // OpenMM keeps the pointer for as long as the process lives.
    OpenMM::SerializationProxy::registerProxy(typeid(SurrogateForce), new SurrogateForceProxy());
    OpenMM::SerializationProxy::registerProxy(typeid(TunablePMEForce), new TunablePMEForceProxy());
    return true;
}

// Loading the library is what makes the proxies known; that happens once, however often it is asked for.
const bool registered = registerProxies();

} // namespace
