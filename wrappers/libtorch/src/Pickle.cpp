// SPDX-License-Identifier: MIT
#include "Pickle.h"
#include <openmm/OpenMMException.h>
#include <cstring>
#include <map>

using namespace SurrogatePlugin;
using std::size_t;
using std::string;
using std::vector;

namespace {

PickleRef make(PickleValue::Kind kind) {
    auto value = std::make_shared<PickleValue>();
    value->kind = kind;
    return value;
}

PickleRef makeInteger(std::int64_t integer) {
    PickleRef value = make(PickleValue::Integer);
    value->integer = integer;
    return value;
}

PickleRef makeText(PickleValue::Kind kind, const string& text) {
    PickleRef value = make(kind);
    value->text = text;
    return value;
}

/** The stack machine that a pickle is a program of; https://github.com/python/cpython/blob/main/Lib/pickletools.py. */
class PickleMachine {
public:
    explicit PickleMachine(const string& bytes) : bytes(bytes) {}
    PickleRef run() {
        while (true) {
            const unsigned char instruction = read<unsigned char>();
            if (instruction == '.') // STOP
                return pop();
            if (!pushConstant(instruction) && !buildContainer(instruction) && !useMemo(instruction) &&
                !buildObject(instruction))
                fail("has the instruction " + std::to_string((int) instruction) + ", which no state dict needs");
        }
    }

private:
    [[noreturn]] void fail(const string& message) const {
        throw OpenMM::OpenMMException("the pickle " + message + " (at byte " + std::to_string(position) + ")");
    }
    string readBytes(size_t count) {
        if (count > bytes.size() - position)
            fail("ends too early");
        position += count;
        return bytes.substr(position - count, count);
    }
    template <class T>
    T read() {
        T value;
        std::memcpy(&value, readBytes(sizeof(T)).data(), sizeof(T));
        return value;
    }
    string readLine() {
        const size_t end = bytes.find('\n', position);
        if (end == string::npos)
            fail("ends too early");
        const string line = readBytes(end - position);
        position++;
        return line;
    }
    void push(const PickleRef& value) { stack.push_back(value); }
    PickleRef pop() {
        if (stack.empty() || stack.back()->kind == PickleValue::Mark)
            fail("takes a value that is not there");
        PickleRef value = stack.back();
        stack.pop_back();
        return value;
    }
    /** Get the values above the topmost mark, and remove them with it. */
    vector<PickleRef> popToMark() {
        vector<PickleRef> values;
        while (!stack.empty() && stack.back()->kind != PickleValue::Mark) {
            values.insert(values.begin(), stack.back());
            stack.pop_back();
        }
        if (stack.empty())
            fail("takes a value that is not there");
        stack.pop_back();
        return values;
    }
    void pushTuple(const vector<PickleRef>& items) {
        PickleRef tuple = make(PickleValue::Tuple);
        tuple->items = items;
        push(tuple);
    }
    void setItems(const vector<PickleRef>& keysAndValues) {
        PickleRef target = pop();
        if (target->kind == PickleValue::Dictionary) {
            if (keysAndValues.size() % 2 != 0)
                fail("has a key without a value");
            for (size_t i = 0; i < keysAndValues.size(); i += 2)
                target->entries.emplace_back(keysAndValues[i], keysAndValues[i + 1]);
        }
        push(target);
    }

    bool pushConstant(unsigned char instruction) {
        switch (instruction) {
        case 0x80: // PROTO
            readBytes(1);
            return true;
        case 'N':  // NONE
        case 0x88: // NEWTRUE
        case 0x89: // NEWFALSE
            push(make(PickleValue::Other));
            return true;
        case 'G': // BINFLOAT
            readBytes(8);
            push(make(PickleValue::Other));
            return true;
        case 'K': // BININT1
            push(makeInteger(read<std::uint8_t>()));
            return true;
        case 'M': // BININT2
            push(makeInteger(read<std::uint16_t>()));
            return true;
        case 'J': // BININT
            push(makeInteger(read<std::int32_t>()));
            return true;
        case 0x8a: // LONG1: larger integers than any size here
            readBytes(read<std::uint8_t>());
            push(make(PickleValue::Other));
            return true;
        case 'X': // BINUNICODE
            push(makeText(PickleValue::Text, readBytes(read<std::uint32_t>())));
            return true;
        case 'c': { // GLOBAL
            const string module = readLine();
            push(makeText(PickleValue::Global, module + " " + readLine()));
            return true;
        }
        default:
            return false;
        }
    }

    bool buildContainer(unsigned char instruction) {
        switch (instruction) {
        case '(': // MARK
            push(make(PickleValue::Mark));
            return true;
        case ')': // EMPTY_TUPLE
            pushTuple({});
            return true;
        case 't': // TUPLE
            pushTuple(popToMark());
            return true;
        case 0x85:   // TUPLE1
        case 0x86:   // TUPLE2
        case 0x87: { // TUPLE3
            vector<PickleRef> items(instruction - 0x84);
            for (size_t i = items.size(); i-- > 0;)
                items[i] = pop();
            pushTuple(items);
            return true;
        }
        case '}': // EMPTY_DICT
            push(make(PickleValue::Dictionary));
            return true;
        case 's': { // SETITEM
            const PickleRef value = pop(), key = pop();
            setItems({key, value});
            return true;
        }
        case 'u': // SETITEMS
            setItems(popToMark());
            return true;
        case ']': // EMPTY_LIST: its items are of no interest
            push(make(PickleValue::Other));
            return true;
        case 'a': // APPEND
            pop();
            return true;
        case 'e': // APPENDS
            popToMark();
            return true;
        default:
            return false;
        }
    }

    bool useMemo(unsigned char instruction) {
        switch (instruction) {
        case 'q': // BINPUT
        case 'r': // LONG_BINPUT
            if (stack.empty())
                fail("takes a value that is not there");
            memo[instruction == 'q' ? read<std::uint8_t>() : read<std::uint32_t>()] = stack.back();
            return true;
        case 'h':   // BINGET
        case 'j': { // LONG_BINGET
            const auto found = memo.find(instruction == 'h' ? read<std::uint8_t>() : read<std::uint32_t>());
            if (found == memo.end())
                fail("takes a value that is not there");
            push(found->second);
            return true;
        }
        default:
            return false;
        }
    }

    bool buildObject(unsigned char instruction) {
        switch (instruction) {
        case 'R':    // REDUCE
        case 0x81: { // NEWOBJ
            const PickleRef arguments = pop(), callable = pop();
            if (callable->kind == PickleValue::Global && callable->text == "collections OrderedDict") {
                push(make(PickleValue::Dictionary));
                return true;
            }
            PickleRef call = make(PickleValue::Call);
            call->items = {callable, arguments};
            push(call);
            return true;
        }
        case 'b': // BUILD: attributes, such as _metadata of a state dict
            pop();
            return true;
        case 'Q': { // BINPERSID
            PickleRef reference = make(PickleValue::Reference);
            reference->items = {pop()};
            push(reference);
            return true;
        }
        default:
            return false;
        }
    }

    const string& bytes;
    size_t position = 0;
    vector<PickleRef> stack;
    std::map<std::uint32_t, PickleRef> memo;
};

} // namespace

PickleRef SurrogatePlugin::readPickle(const string& bytes) {
    return PickleMachine(bytes).run();
}
