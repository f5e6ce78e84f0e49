// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_LAUNCHGRAPH_H_
#define OPENMM_SURROGATE_LAUNCHGRAPH_H_

#include <cuda.h>
#include <functional>
#include <string>

namespace SurrogatePlugin {

/**
 * A sequence of launches that is recorded once, and from then on launched as one, which takes the host a fraction of the time. Arguments of
 * the kernels are recorded with them: a key stands for all that they depend on.
 */
class LaunchGraph {
public:
    class Key {
    public:
        /** Add a value without padding that is left to chance. */
        template <class Value>
        void add(const Value& value) {
            bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
        }
        bool operator==(const Key& other) const { return bytes == other.bytes; }

    private:
        std::string bytes;
    };
    LaunchGraph() = default;
    ~LaunchGraph() { clear(); }
    LaunchGraph(const LaunchGraph&) = delete;
    LaunchGraph& operator=(const LaunchGraph&) = delete;
    /** Forget what is recorded. */
    void clear();
    /** Forget it without telling CUDA, whose context has gone. */
    void release() { graph = nullptr; }
    /**
     * Launch. What comes with a key for the first time is launched one by one, since boxes may change with every step; the second time it is
     * recorded.
     *
     * @param stream    not the default stream, which cannot be recorded
     * @param sequence  launches on the stream. It has been launched before, so that CUDA has loaded everything
     */
    void launch(CUstream stream, const Key& key, const std::function<void()>& sequence);

private:
    void record(CUstream stream, const std::function<void()>& sequence);
    CUgraphExec graph = nullptr;
    Key key; // of the last launch
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_LAUNCHGRAPH_H_*/
