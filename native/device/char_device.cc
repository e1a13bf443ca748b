// SPDX-License-Identifier: MIT
#include "device/char_device.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "device/guarded_memory.h"

namespace device {
namespace {

// The memory of a Uint8Array, or nothing: only of bytes the length is known without asking for a size of
// elements.
struct View {
  unsigned char* data = nullptr;
  size_t bytes = 0;
  bool valid = false;
};

View ViewOf(napi_env env, napi_value value) {
  View view;
  napi_typedarray_type type = napi_float64_array;  // stays so if Node-API does not know the class
  void* data = nullptr;
  view.valid = napi_get_typedarray_info(env, value, &type, &view.bytes, &data, nullptr, nullptr) == napi_ok &&
               type == napi_uint8_array;
  view.data = static_cast<unsigned char*>(data);
  return view;
}

// Repeats a call that a signal interrupted; answers its result or -errno.
template <typename Call>
auto Retry(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result;
}

CharDevice* OpenDevice(const Napi::CallbackInfo& info) {
  CharDevice* device = EnvironmentOf(info)->devices.Find(info.Env(), info[0]);
  return device && device->is_open() ? device : nullptr;
}

// (path, flags, any file): flags are those of open(2); without the third, what is no character device is
// refused.
Napi::Value Open(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const int flags = info[1].As<Napi::Number>().Int32Value();
  // Opened without blocking in any case, because a FIFO or a modem line would wait for its other end. A
  // terminal opened here must not become the controlling one of the process.
  constexpr int kAlways = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const int descriptor = Retry([&] { return ::open(path.c_str(), flags | kAlways); });
  if (descriptor < 0) return Answer(info.Env(), descriptor);
  struct stat file;
  int failure = fstat(descriptor, &file) != 0 ? -errno : 0;
  if (failure == 0 && !info[2].As<Napi::Boolean>().Value() && !S_ISCHR(file.st_mode)) failure = -ENODEV;
  if (failure == 0 && !(flags & O_NONBLOCK)) {
    const int status = fcntl(descriptor, F_GETFL);
    if (status < 0 || fcntl(descriptor, F_SETFL, status & ~O_NONBLOCK) != 0) failure = -errno;
  }
  if (failure != 0) {
    ::close(descriptor);
    return Answer(info.Env(), failure);
  }
  return CharDevice::Wrap(info.Env(), EnvironmentOf(info), descriptor);
}

Napi::Value Close(const Napi::CallbackInfo& info) {
  CharDevice* device = OpenDevice(info);
  return Answer(info.Env(), device ? device->Close() : -EBADF);
}

Napi::Value EndLeases(const Napi::CallbackInfo& info) {
  CharDevice* device = OpenDevice(info);
  return Answer(info.Env(), device ? device->leases()->Close(info.Env()) : -EBADF);
}

Napi::Value Descriptor(const Napi::CallbackInfo& info) {
  CharDevice* device = OpenDevice(info);
  return Answer(info.Env(), device ? device->descriptor() : -EBADF);
}

Napi::Value Lock(const Napi::CallbackInfo& info) {
  CharDevice* device = OpenDevice(info);
  if (!device) return Answer(info.Env(), -EBADF);
  return Answer(info.Env(), Retry([&] { return ::flock(device->descriptor(), LOCK_EX | LOCK_NB); }));
}

// The largest argument that a request number can announce: 14 bits of size.
constexpr size_t kLargestIoctlArgument = (1u << _IOC_SIZEBITS) - 1;
// A plain number must be no address: the zero page is never mapped.
constexpr int kLargestPlainArgument = 4095;

// An ioctl of (device, request, argument). `then(result, argument)` sees what the driver gave, before
// JavaScript does.
template <typename Then>
Napi::Value IoctlThen(const Napi::CallbackInfo& info, Then then) {
  CharDevice* device = OpenDevice(info);
  if (!device) return Answer(info.Env(), -EBADF);
  const unsigned long request = info[1].As<Napi::Number>().Uint32Value();
  // Not repeated after EINTR: only the driver knows whether a second try does the same thing.
  if (info[2].IsNumber()) {
    const int number = info[2].As<Napi::Number>().Int32Value();
    if (number < 0 || number > kLargestPlainArgument) return Answer(info.Env(), -EINVAL);
    const int result = ::ioctl(device->descriptor(), request, static_cast<long>(number));
    return then(result < 0 ? -errno : result, View());
  }
  View view = ViewOf(info.Env(), info[2]);
  if (!view.valid || view.bytes < _IOC_SIZE(request)) return Answer(info.Env(), -EINVAL);
  // The request works on a copy with room for the largest argument that any announces, and nothing behind it:
  // one that writes more than it announced meets the guard, and the kernel answers EFAULT.
  const GuardedMemory copy(std::max(view.bytes, kLargestIoctlArgument));
  if (!copy.data()) return Answer(info.Env(), -ENOMEM);
  if (view.bytes > 0) std::memcpy(copy.data(), view.data, view.bytes);
  const int result = ::ioctl(device->descriptor(), request, copy.data());
  const int failure = errno;
  if (view.bytes > 0) std::memcpy(view.data, copy.data(), view.bytes);
  return then(result < 0 ? -failure : result, view);
}

Napi::Value Ioctl(const Napi::CallbackInfo& info) {
  return IoctlThen(info, [&](int result, const View&) { return Answer(info.Env(), result); });
}

// Takes a descriptor that a driver has just made: it becomes a handle before JavaScript goes on, so that none
// is lost when a thread ends in between. Nothing here may block.
Napi::Value Adopt(const Napi::CallbackInfo& info, int descriptor) {
  const int flags = descriptor < 0 ? -1 : fcntl(descriptor, F_GETFL);
  if (flags < 0) return Answer(info.Env(), -EBADF);
  if (fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    const int failure = errno;
    ::close(descriptor);
    return Answer(info.Env(), -failure);
  }
  return CharDevice::Wrap(info.Env(), EnvironmentOf(info), descriptor, OpenDevice(info)->leases());
}

// (device, request, argument, offset): a request that makes a descriptor. It is what the request returns, or,
// if there is an offset, an int at that place of the argument.
Napi::Value IoctlOpen(const Napi::CallbackInfo& info) {
  const double offset = info[3].IsNumber() ? info[3].As<Napi::Number>().DoubleValue() : -1;
  return IoctlThen(info, [&](int result, const View& view) -> Napi::Value {
    if (result < 0) return Answer(info.Env(), result);
    if (!info[3].IsNumber()) return Adopt(info, result);
    int descriptor = -1;
    if (!(offset >= 0) || offset + sizeof descriptor > view.bytes) return Answer(info.Env(), -EINVAL);
    std::memcpy(&descriptor, view.data + static_cast<size_t>(offset), sizeof descriptor);
    return Adopt(info, descriptor);
  });
}

// read, write, pread and pwrite: transfer(descriptor, data, bytes, position).
template <typename Transfer>
Napi::Value TransferView(const Napi::CallbackInfo& info, Transfer transfer) {
  CharDevice* device = OpenDevice(info);
  if (!device) return Answer(info.Env(), -EBADF);
  const View view = ViewOf(info.Env(), info[1]);
  if (!view.valid) return Answer(info.Env(), -EINVAL);
  const off_t position = info[2].IsNumber() ? info[2].As<Napi::Number>().Int64Value() : 0;
  const auto count = Retry([&] { return transfer(device->descriptor(), view.data, view.bytes, position); });
  return Answer(info.Env(), static_cast<double>(count));
}

Napi::Value Read(const Napi::CallbackInfo& info) {
  return TransferView(info, [](int fd, void* data, size_t bytes, off_t) { return ::read(fd, data, bytes); });
}

Napi::Value Write(const Napi::CallbackInfo& info) {
  return TransferView(info, [](int fd, void* data, size_t bytes, off_t) { return ::write(fd, data, bytes); });
}

Napi::Value PositionedRead(const Napi::CallbackInfo& info) {
  return TransferView(info, ::pread);
}

Napi::Value PositionedWrite(const Napi::CallbackInfo& info) {
  return TransferView(info, ::pwrite);
}

}  // namespace

CharDevice::CharDevice(EnvironmentPointer environment, int descriptor, const std::shared_ptr<Leases>& maker)
    : environment_(std::move(environment)),
      leases_(std::make_shared<Leases>(maker)),
      descriptor_(descriptor) {
  environment_->devices.Add(this);
}

CharDevice::~CharDevice() {
  Close();
  environment_->devices.Remove(this);
}

int CharDevice::Close() {
  if (!is_open()) return 0;
  // Linux frees the descriptor even when close reports an error, so it is never tried twice.
  const int result = ::close(std::exchange(descriptor_, -1));
  return result < 0 && errno != EINTR ? -errno : 0;
}

Napi::Value CharDevice::Wrap(Napi::Env env, const EnvironmentPointer& environment, int descriptor,
                             const std::shared_ptr<Leases>& maker) {
  auto* device = new CharDevice(environment, descriptor, maker);
  return WrapHandle(env, device,
                    [](napi_env, void* object, void*) { delete static_cast<CharDevice*>(object); });
}

void RegisterCharDevice(Napi::Env env, Napi::Object exports, EnvironmentPointer* environment) {
  Exports table(env, exports, environment);
  table.Add("open", Open);
  table.Add("close", Close);
  table.Add("endLeases", EndLeases);
  table.Add("descriptor", Descriptor);
  table.Add("lock", Lock);
  table.Add("ioctl", Ioctl);
  table.Add("ioctlOpen", IoctlOpen);
  table.Add("read", Read);
  table.Add("write", Write);
  table.Add("pread", PositionedRead);
  table.Add("pwrite", PositionedWrite);
}

}  // namespace device
