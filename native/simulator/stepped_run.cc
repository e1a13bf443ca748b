// SPDX-License-Identifier: MIT
#include "simulator/stepped_run.h"

#include <cerrno>

#include "chip/trace_recorder.h"

namespace simulator {

SteppedRun::~SteppedRun() {
  Stop();
  Join();
}

bool SteppedRun::Start(const chip::RunRequest& request, uint32_t* trace, size_t trace_words, Done done,
                       void* data) {
  errno = EBUSY;
  if (is_under_way_.exchange(true)) return false;
  Join();
  stop_.store(false);
  job_ = {request, trace, trace_words, done, data};
  job_.request.stop = &stop_;
  errno = pthread_create(&thread_, nullptr, Main, this);
  has_thread_ = errno == 0;
  if (!has_thread_) is_under_way_.store(false);
  return has_thread_;
}

void* SteppedRun::Main(void* run) {
  auto* const self = static_cast<SteppedRun*>(run);
  const Job& job = self->job_;
  chip::TraceRecorder recorder(job.trace, job.trace_words);
  self->chip_->SetTracer(job.trace ? &recorder : nullptr);
  const chip::RunResult result = self->chip_->Run(job.request);
  if (result.stop == chip::RunResult::Stop::kAllIdle) self->chip_->ReportRest();
  self->chip_->SetTracer(nullptr);
  const Done done = job.done;
  void* const data = job.data;
  self->is_under_way_.store(false);
  done(data, result, recorder.used());
  return nullptr;
}

void SteppedRun::Join() {
  if (has_thread_) pthread_join(thread_, nullptr);
  has_thread_ = false;
}

}  // namespace simulator
