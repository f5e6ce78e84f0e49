// SPDX-License-Identifier: MIT
#include "Launches.h"
#include "kspace/MeshLayout.h"
#include <cstdlib>
#include <cstring>

using namespace SurrogateTest;
using namespace SurrogatePlugin;
using std::map;
using std::string;
using std::vector;

namespace {

/** Get the size of an argument from a declaration such as ".param .u64 name" or ".param .align 8 .b8 name[88]". */
int readSize(const string& declaration) {
    const size_t bracket = declaration.find('[');
    if (bracket != string::npos)
        return std::atoi(declaration.c_str() + bracket + 1);
    for (int bits : {64, 32, 16})
        if (declaration.find(std::to_string(bits) + " ") != string::npos)
            return bits / 8;
    return 1;
}

/** Report an address in memory that has been freed, and none where a run without failures had one. */
void checkAddresses(Ledger& ledger, const Launch& launch) {
    for (size_t k = 0; k < launch.arguments.size(); k++)
        for (size_t place = 0; place + sizeof(uintptr_t) <= launch.arguments[k].size(); place += sizeof(uintptr_t)) {
            const uintptr_t address = launch.getAddress(k, place);
            const string where = " in byte " + std::to_string(place) + " of argument " + std::to_string(k);
            if (ledger.isOurs(address) && !ledger.isAllocated(address, 1))
                ledger.report(launch.name + " is given freed memory" + where);
            if (ledger.failingCall == 0 && ledger.isOurs(address))
                ledger.addresses.insert(launch.name + where);
            else if (address == 0 && ledger.addresses.count(launch.name + where) == 1)
                ledger.report(launch.name + " is given no memory" + where);
        }
}

/**
 * Kernels of a mesh leave sums of charge, counts of tiles and a count of strays to others that set them to 0: see sites.cu and spread.cu. Where one
 * of those has not been launched they must be cleared.
 */
void checkMesh(Ledger& ledger, const Launch& launch) {
    static map<uintptr_t, bool> isClear;
    if (launch.name == "clearBuffer") // of OpenMM
        isClear[launch.getAddress(0, 0)] = true;
    auto getState = [&](size_t place) -> bool& { return isClear[launch.getAddress(0, place)]; };
    auto use = [&](size_t place, const char* what) {
        if (!getState(place))
            ledger.report(launch.name + " finds " + what + " of an earlier run");
        getState(place) = false;
    };
    const size_t sums = offsetof(MeshView, sum), counts = offsetof(MeshView, tile), strays = offsetof(MeshView, state);
    if (launch.name == "sortCharges")
        use(counts, "counts");
    if (launch.name == "spreadCharges") {
        use(sums, "sums");
        use(strays, "strays");
    }
    if (launch.name == "readSums") // which may sort
        use(counts, "counts");
    if (launch.name == "interpolateForces")
        getState(sums) = true;
    if (launch.name == "finishSort" || launch.name == "convolve" || launch.name == "convolveWithEnergy")
        getState(counts) = getState(strays) = true;
}

} // namespace

uintptr_t Launch::getAddress(size_t argument, size_t place) const {
    uintptr_t address = 0;
    if (argument < arguments.size() && place + sizeof(address) <= arguments[argument].size())
        std::memcpy(&address, &arguments[argument][place], sizeof(address));
    return address;
}

map<string, vector<int> > SurrogateTest::readArgumentSizes(const string& ptx) {
    const string entry = ".entry ", parameter = ".param";
    map<string, vector<int> > sizes;
    for (size_t at = ptx.find(entry); at != string::npos; at = ptx.find(entry, at)) {
        at += entry.size();
        const size_t open = ptx.find('(', at), body = ptx.find('{', at);
        vector<int>& ofKernel = sizes[ptx.substr(at, ptx.find_first_of("( \n", at) - at)];
        const size_t end = open < body ? ptx.find("\n)", open) : open; // a kernel may have none
        for (size_t k = ptx.find(parameter, open); k < end; k = ptx.find(parameter, k + 1))
            ofKernel.push_back(readSize(ptx.substr(k, ptx.find_first_of(",\n", k) - k)));
    }
    return sizes;
}

void SurrogateTest::checkLaunch(Ledger& ledger, const Launch& launch) {
    checkAddresses(ledger, launch);
    checkMesh(ledger, launch);
}
