// SPDX-License-Identifier: MIT
#include "Ledger.h"
#include "FailingDriver.h"
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

using namespace SurrogateTest;
using std::string;

namespace {

constexpr size_t Page = 4096, Reserved = size_t(1) << 40; // addresses are not used again

size_t countPages(size_t size) {
    return size / Page + 1;
}

void protect(uintptr_t address, size_t size, int protection) {
    if (mprotect(reinterpret_cast<void*>(address), countPages(size) * Page, protection) != 0) {
        perror("failing driver: mprotect");
        abort();
    }
}

} // namespace

Ledger& Ledger::get() {
    static Ledger* const ledger = new Ledger(); // never deleted: libraries free things when the process ends
    return *ledger;
}

Ledger::Ledger() {
    void* memory = mmap(nullptr, Reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("failing driver: mmap");
        abort();
    }
    reserved = next = reinterpret_cast<uintptr_t>(memory);
}

void Ledger::report(const string& fault) {
    faults += (failed.empty() ? "" : "after " + failed + " failed: ") + fault + "\n";
}

CUresult Ledger::enterWithoutContext(const char* function) {
    if (failingCall == 0)
        calls.push_back(function);
    if (++numCalls != failingCall)
        return CUDA_SUCCESS;
    failed = function;
    return CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult Ledger::enter(const char* function) {
    const CUresult result = enterWithoutContext(function);
    return result == CUDA_SUCCESS && !expectContext(function) ? CUDA_ERROR_INVALID_CONTEXT : result;
}

bool Ledger::expectContext(const char* function) {
    const bool lives = !getStack().empty() && entries.count(getStack().back()) == 1;
    if (!lives)
        report(string(function) + " without a current context");
    return lives;
}

std::vector<uintptr_t>& Ledger::getStack() {
    static thread_local std::vector<uintptr_t> stack;
    return stack;
}

uintptr_t Ledger::add(Kind kind) {
    const uintptr_t handle = nextHandle++;
    entries[handle] = {kind, kind == Context ? handle : getStack().back(), 0};
    return handle;
}

bool Ledger::expect(const char* function, Kind kind, uintptr_t handle) {
    const auto found = entries.find(handle);
    if (found == entries.end() || found->second.kind != kind)
        report(string(function) + " is given something that does not live (any more)");
    else if (kind != Context && (getStack().empty() || found->second.context != getStack().back()))
        report(string(function) + " is given something of another context");
    else
        return true;
    return false;
}

void Ledger::release(uintptr_t handle, const Entry& entry) {
    if (entry.kind != Memory && entry.kind != HostMemory)
        return;
    protect(handle, entry.size, PROT_NONE);
    madvise(reinterpret_cast<void*>(handle), countPages(entry.size) * Page, MADV_DONTNEED);
}

void Ledger::remove(const char* function, Kind kind, uintptr_t handle) {
    if (!expect(function, kind, handle))
        return;
    for (auto entry = entries.begin(); entry != entries.end();)
        if (entry->first == handle || (kind == Context && entry->second.context == handle)) {
            release(entry->first, entry->second);
            entry = entries.erase(entry);
        } else
            ++entry;
}

uintptr_t Ledger::allocate(Kind kind, size_t size) {
    const uintptr_t address = next;
    next += (countPages(size) + 1) * Page; // with a page between pieces, which nobody may touch
    if (next - reserved > Reserved)
        return 0;
    protect(address, size, PROT_READ | PROT_WRITE);
    entries[address] = {kind, getStack().back(), size};
    return address;
}

bool Ledger::isAllocated(uintptr_t address, size_t size) const {
    auto found = entries.upper_bound(address);
    if (found == entries.begin())
        return false;
    --found;
    return found->second.size > 0 && address + size <= found->first + found->second.size && !getStack().empty() &&
           found->second.context == getStack().back();
}

long Ledger::countLiving() const {
    long count = 0;
    for (const auto& entry : entries) // modules and their kernels live as long as their context
        count += entry.second.kind != Context && entry.second.kind != Module && entry.second.kind != Kernel;
    return count;
}

DRIVER_FUNCTION const FailingDriver* getFailingDriver() {
    static string told;
    static const FailingDriver driver = {[](long call) {
                                             const Turn turn;
                                             Ledger::get().numCalls = 0;
                                             Ledger::get().failingCall = call;
                                             Ledger::get().failed.clear();
                                             if (call != 0)
                                                 return;
                                             Ledger::get().calls.clear();
                                             Ledger::get().addresses.clear();
                                         },
                                         [] { return Ledger::get().numCalls; },
                                         [](long call) { return Ledger::get().calls.at(call - 1).c_str(); },
                                         [] { return Ledger::get().failed.c_str(); },
                                         [] {
                                             const Turn turn;
                                             told.clear();
                                             std::swap(told, Ledger::get().faults);
                                             return told.c_str();
                                         },
                                         [] {
                                             const Turn turn;
                                             return Ledger::get().countLiving();
                                         }};
    return &driver;
}
