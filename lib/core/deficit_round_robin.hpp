#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <limits>

namespace corchestra::detail {

/// A number for each fairness key of a run; 0 is the empty key.
using key_index = std::uint32_t;

/// Whose turn it is between keys that have work. At its turn a key may spend its weight, measured in the least weight
/// about, and what it did not spend before; a key without work owns nothing.
class deficit_round_robin {
 public:
  /// Within [1e-6, 1e6]; what is no number counts as 1. A new key has weight 1.
  void set_weight(key_index key, double weight);
  /// The key has work, and had none: it comes last.
  void join(key_index key);
  void leave(key_index key);
  /// Keys with work.
  std::uint32_t size() const noexcept { return active_; }
  key_index current() const noexcept { return current_; }

  /// The key whose turn it is, given what each must be able to spend. There must be one with work.
  template <class Cost>
  key_index choose(Cost cost_of) {
    while (keys_[current_].deficit < cost_of(current_)) advance();
    return current_;
  }
  /// `amount` may be negative: a refund.
  void spend(key_index key, double amount) noexcept { keys_[key].deficit -= amount; }

 private:
  struct state {
    double weight = 1;
    double deficit = 0;
    key_index next = 0, previous = 0;  // of the ring of keys with work
  };
  state& at(key_index key);
  void advance();
  void arrive();

  boost::container::small_vector<state, 1> keys_;
  key_index current_ = 0;
  std::uint32_t active_ = 0;
  std::uint32_t left_in_round_ = 0;
  double least_ = std::numeric_limits<double>::infinity();       // weight of a key with work, by the last round
  double next_least_ = std::numeric_limits<double>::infinity();  // the same, by this one as far as it goes
};

}  // namespace corchestra::detail
