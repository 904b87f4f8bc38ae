#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace sallyport {

// Whose turn it is with everything that a shard has: its data thread's while it works on what epoll reported, or a
// verb's, on the thread that called it. The data thread lets a verb in between any two events, so that a busy shard
// keeps nobody waiting for longer than one of them.
class EngineLock {
 public:
  // For verbs, by std::lock_guard.
  void lock() {
    ++waiting_;
    mutex_.lock();
    --waiting_;
  }
  void unlock() {
    ++turns_;
    const bool awaited = gives_way_;
    mutex_.unlock();
    if (awaited) turn_over_.notify_one();
  }

  // A turn of the data thread.
  class Work {
   public:
    explicit Work(EngineLock& lock) : lock_(lock), held_(lock.mutex_) {}

    // A mutex alone would come back to the thread that runs before the one that must first wake up has a chance.
    void give_way() {
      if (lock_.waiting_ == 0) return;
      lock_.gives_way_ = true;
      lock_.turn_over_.wait(held_, [this, turn = lock_.turns_] { return lock_.turns_ != turn; });
      lock_.gives_way_ = false;
    }

   private:
    EngineLock& lock_;
    std::unique_lock<std::mutex> held_;
  };

 private:
  std::mutex mutex_;
  // Verbs that will take the mutex as soon as they can.
  std::atomic<uint32_t> waiting_ = 0;
  std::condition_variable turn_over_;
  uint64_t turns_ = 0;
  bool gives_way_ = false;
};

}  // namespace sallyport
