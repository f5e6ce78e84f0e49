// SPDX-License-Identifier: MIT
#include "FileAccess.h"
#include <openmm/OpenMMException.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::size_t;
using std::string;

namespace {

/** Throw with the reason that the system gives, which must be read before anything else can change it. */
[[noreturn]] void failWithErrno(const string& action, const string& filename) {
    const string reason = std::strerror(errno);
    throw OpenMMException("cannot " + action + " '" + filename + "': " + reason);
}

/** An open file, closed when this goes. */
class Descriptor {
public:
    explicit Descriptor(int number) : number(number) {}
    ~Descriptor() {
        if (number >= 0)
            ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return number; }

private:
    int number;
};

/** A file that is removed when this goes, unless it was kept. */
class TemporaryFile {
public:
    explicit TemporaryFile(const string& name) : name(name) {}
    ~TemporaryFile() {
        if (!name.empty())
            ::unlink(name.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    void keep() { name.clear(); }

private:
    string name;
};

string getFolder(const string& filename) {
    const size_t slash = filename.rfind('/');
    return slash == string::npos ? "." : filename.substr(0, slash + 1);
}

/** Create a file that did not exist, with the permissions that the user's umask gives (mkstemp() would not). */
int createBeside(const string& filename, string& temporaryName) {
    const int maxAttempts = 100; // names left over by processes that were killed
    for (int attempt = 0; attempt < maxAttempts; attempt++) {
        temporaryName = filename + "." + std::to_string(::getpid()) + "-" + std::to_string(attempt) + ".tmp";
        const int number = ::open(temporaryName.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (number >= 0 || errno != EEXIST)
            return number;
    }
    return -1;
}

void writeAll(int descriptor, const string& bytes, const string& filename) {
    for (size_t written = 0; written < bytes.size();) {
        const ssize_t count = ::write(descriptor, bytes.data() + written, bytes.size() - written);
        if (count < 0 && errno != EINTR)
            failWithErrno("write", filename);
        if (count > 0)
            written += count;
    }
    if (::fsync(descriptor) != 0)
        failWithErrno("write", filename);
}

} // namespace

string SurrogatePlugin::readFile(const string& filename, size_t maxSize) {
    // Without O_NONBLOCK opening a pipe would wait for its writer.
    const Descriptor file(::open(filename.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat status;
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        failWithErrno("read", filename);
    if (!S_ISREG(status.st_mode))
        throw OpenMMException("cannot read '" + filename + "': it is not a regular file");
    if (status.st_size == 0)
        throw OpenMMException("cannot read '" + filename + "': it is empty");
    if ((size_t) status.st_size > maxSize)
        throw OpenMMException("cannot read '" + filename + "': it has " + std::to_string(status.st_size) +
                              " bytes; at most " + std::to_string(maxSize) + " are allowed");
    string bytes(status.st_size, '\0');
    for (size_t position = 0; position < bytes.size();) {
        const ssize_t count = ::read(file.get(), &bytes[position], bytes.size() - position);
        if (count == 0)
            throw OpenMMException("cannot read '" + filename + "': it became shorter while it was read");
        if (count < 0 && errno != EINTR)
            failWithErrno("read", filename);
        if (count > 0)
            position += count;
    }
    return bytes;
}

void SurrogatePlugin::replaceFile(const string& filename, const string& bytes) {
    string temporaryName;
    const Descriptor file(createBeside(filename, temporaryName));
    if (file.get() < 0)
        failWithErrno("write", filename);
    TemporaryFile temporary(temporaryName);
    writeAll(file.get(), bytes, filename);
    if (std::rename(temporaryName.c_str(), filename.c_str()) != 0)
        failWithErrno("write", filename);
    temporary.keep();
    // The new name is in the folder, which is brought to the disk by itself. Where that fails the file is still whole.
    const Descriptor folder(::open(getFolder(filename).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0)
        ::fsync(folder.get());
}
