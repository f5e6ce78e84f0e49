// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_LEDGER_H_
#define OPENMM_SURROGATE_LEDGER_H_

#include <cuda.h>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace SurrogateTest {

/** What lives in a driver, what was wrong, and which call is to fail. Used by one thread at a time: see Turn. */
class Ledger {
public:
    enum Kind { Context, Stream, Event, Module, Kernel, Graph, Executable, Plan, Memory, HostMemory };
    static Ledger& get();
    /** Note that something was wrong. */
    void report(const std::string& fault);
    /** Begin a call that can fail, in the current context. Returns what the call has to return at once, if not success. */
    CUresult enter(const char* function);
    /** The same without a current context. */
    CUresult enterWithoutContext(const char* function);
    /** Begin a call that frees something. Reports that there is no current context, and whether there is one. */
    bool expectContext(const char* function);

    /** Get the stack of contexts of this thread. The last one is current. */
    static std::vector<uintptr_t>& getStack();
    /** Make a handle of the current context. */
    uintptr_t add(Kind kind);
    /** Report a handle that does not live, or lives in another context than the current one. Returns whether it is as it should be. */
    bool expect(const char* function, Kind kind, uintptr_t handle);
    /** End a handle, and of a context all that lives in it. */
    void remove(const char* function, Kind kind, uintptr_t handle);

    /** Get new memory, at an address that nothing has had before. */
    uintptr_t allocate(Kind kind, size_t size);
    /** Get whether an address is one that allocate() has ever returned, or is in such memory. */
    bool isOurs(uintptr_t address) const { return address >= reserved && address < next; }
    /** Get whether so many bytes at an address are allocated in the current context. */
    bool isAllocated(uintptr_t address, size_t size) const;

    std::recursive_mutex mutex;
    long numCalls = 0, failingCall = 0;
    std::string failed, faults;
    // Of what has been done since failAt(0): functions in the order in which they were called, and kernels with the places of their arguments that held
    // addresses of memory.
    std::vector<std::string> calls;
    std::set<std::string> addresses;
    long countLiving() const;

private:
    Ledger();
    struct Entry {
        Kind kind;
        uintptr_t context;
        size_t size; // of memory, bytes
    };
    void release(uintptr_t handle, const Entry& entry);
    std::map<uintptr_t, Entry> entries;
    uintptr_t nextHandle = 0x1000, reserved, next;
};

/** While it lives, no other thread uses the ledger. */
class Turn {
public:
    Turn() : lock(Ledger::get().mutex) {}

private:
    std::lock_guard<std::recursive_mutex> lock;
};

// The functions of the driver are found by their names.
#define DRIVER_FUNCTION extern "C" __attribute__((visibility("default")))

// How functions that can fail begin.
#define ENTER_OR_RETURN()                                                                                              \
    const Turn turn;                                                                                                   \
    Ledger& ledger = Ledger::get();                                                                                    \
    if (const CUresult result = ledger.enter(__func__))                                                                \
    return result

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_LEDGER_H_*/
