#include "core/forecast_state.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "core/latest_end.hpp"

namespace corchestra::detail {

namespace {

using task = forecast_state::task;

constexpr std::uint64_t least_samples = 3;
constexpr double known_samples = 17.0 / 3;  // that a mean with alpha 0.3 is worth, however many it was made from
constexpr double assumed_spread = 0.5;      // of the mean, where there are fewer than three samples
constexpr std::size_t most_steps = 60, most_looks = 10'000;
constexpr double given_spread = 0.25;  // of a duration that was written down

/// What tasks of a kind take, and how many samples that is worth.
struct kind_estimate {
  uncertain_time takes;
  double worth = 1;

  double mean_error() const { return std::sqrt(takes.variance / worth); }
};

kind_estimate estimate_of(double mean, double variance, std::uint64_t samples) {
  if (samples < least_samples) variance = std::max(variance, std::pow(assumed_spread * mean, 2));
  return {{mean, variance}, std::clamp(static_cast<double>(samples), 1.0, known_samples)};
}

/// The first to finish are the short ones: those that still run count too, by what is to be expected of them. A few
/// steps of expectation maximisation for censored samples.
void count_running(kind_estimate& e, const std::vector<double>& so_far) {
  if (so_far.empty()) return;
  const uncertain_time seen = e.takes;
  const double all = e.worth + static_cast<double>(so_far.size());
  const std::size_t steps = std::clamp(most_looks / so_far.size(), std::size_t{4}, most_steps);
  for (std::size_t step = 0; step < steps; ++step) {
    double sum = seen.mean * e.worth, within = 0;
    std::vector<double> whole;
    whole.reserve(so_far.size());
    for (const double d : so_far) {
      const uncertain_time left = what_is_left(e.takes, d);
      whole.push_back(d + left.mean);
      sum += whole.back();
      within += left.variance;
    }
    const double mean = sum / all;
    double variance = e.worth * (seen.variance + (seen.mean - mean) * (seen.mean - mean)) + within;
    for (const double d : whole) variance += (d - mean) * (d - mean);
    e.takes = {mean, variance / all};
  }
}

/// The tasks left and, behind them, the subtrees that are waited for as a whole, in a graph.
class calculation {
 public:
  calculation(const forecast_state& run, time_point now) : run_(run), now_(now) {
    estimate_kinds();
    look_at_running();
    add_tasks();
    add_needs();
    follow_chains();
  }

  std::optional<eta> result() const {
    if (samples_ < least_samples && !all_given_) return std::nullopt;
    std::vector<uncertain_time> ends;
    for (const node& n : nodes_) {
      if (n.first_edge == none) ends.push_back({n.chain, n.variance + n.error * n.error});
    }
    if (left_ > run_.slots) ends.push_back(spread_work());
    return eta{from_seconds(latest_end(ends, 0.5)), from_seconds(latest_end(ends, 0.9))};
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  struct node {
    const task* self = nullptr;  // null: a subtree
    uncertain_time left;         // of itself
    double delay = 0, mean_error = 0;
    double chain = 0, variance = 0, error = 0;  // of the longest chain that ends with it
    std::uint32_t first_edge = none, missing = 0;
  };
  struct edge {
    std::uint32_t to = 0, next = none;
  };

  void estimate_kinds() {
    double sum = 0;
    std::unordered_set<const duration_book::entry*> seen;  // kinds share entries
    for (const auto& k : run_.kinds) {
      const auto* e = run_.before->find(k.task_type, k.agent);
      if (!e || !seen.insert(e).second) continue;
      samples_ += e->samples;
      sum += e->mean_seconds * static_cast<double>(e->samples);
    }
    kind_estimate any = estimate_of(samples_ > 0 ? sum / static_cast<double>(samples_) : 0, 0, 0);
    if (const auto& all = run_.finished; all.samples > 0) any = estimate_of(all.mean, all.variance(), all.samples);
    samples_ += run_.finished.samples;
    for (const auto& k : run_.kinds) {
      // Tasks that start together end in order of length: their last ones differ less than all of them.
      const auto* e = run_.book.find(k.task_type, k.agent);
      kinds_.push_back(e ? estimate_of(e->mean_seconds, std::max(e->variance, k.finished.variance()), e->samples)
                         : any);
    }
    shared_error_.resize(kinds_.size());
  }

  double worked(const task& t) const { return to_seconds(t.worked + (t.working ? now_ - t.since : duration::zero())); }

  void look_at_running() {
    std::vector<std::vector<double>> so_far(kinds_.size());
    run_.tasks.each([&](task_index, const task& t) {
      if (t.in_attempt && !t.expected) so_far[t.kind].push_back(worked(t));
    });
    for (std::size_t k = 0; k < kinds_.size(); ++k) count_running(kinds_[k], so_far[k]);
  }

  void add_tasks() {
    nodes_.reserve(run_.tasks.count());
    run_.tasks.each([&](task_index n, const task& t) {
      if (places_.empty()) first_ = n;
      places_.resize(n - first_ + 1, none);
      places_.back() = static_cast<std::uint32_t>(nodes_.size());
      add_task(t);
    });
    left_ = nodes_.size();
  }

  void add_task(const task& t) {
    node n;
    n.self = &t;
    if (t.expected) {
      const double mean = to_seconds(*t.expected);
      n.left = {mean, std::pow(given_spread * mean, 2)};
    } else {
      all_given_ = false;
      n.left = kinds_[t.kind].takes;
      n.mean_error = kinds_[t.kind].mean_error();
      shared_error_[t.kind] += n.mean_error;
    }
    if (t.in_attempt) {
      n.left = what_is_left(n.left, worked(t));
    } else if (t.retry_at > now_) {
      n.delay = to_seconds(t.retry_at - now_);
    }
    work_.mean += n.left.mean;
    work_.variance += n.left.variance;
    nodes_.push_back(n);
  }

  void add_needs() {
    for (std::uint32_t n = 0; n < left_; ++n) {
      if (nodes_[n].self->in_attempt) continue;
      for (const task_index need : nodes_[n].self->needs) connect(place_of(need), n);
    }
    for (const auto& [parent, children] : run_.children) {
      const std::uint32_t waits = place_of(parent);
      if (waits == none || !nodes_[waits].self->waits_for_child) continue;
      for (const task_index child : children) connect(place_of(child), waits);
    }
  }

  void connect(std::uint32_t from, std::uint32_t to) {
    if (from == none) return;
    edges_.push_back({to, nodes_[from].first_edge});
    nodes_[from].first_edge = static_cast<std::uint32_t>(edges_.size() - 1);
    ++nodes_[to].missing;
  }

  /// Where something that is needed stands; none when it has ended.
  std::uint32_t place_of(task_index need) {
    if ((need & subtree_bit) == 0)
      return need >= first_ && need - first_ < places_.size() ? places_[need - first_] : none;
    const task_index root = need & ~subtree_bit;
    if (const auto it = subtrees_.find(root); it != subtrees_.end()) return it->second;
    const auto place = static_cast<std::uint32_t>(nodes_.size());
    subtrees_.emplace(root, place);
    nodes_.emplace_back();
    connect(place_of(root), place);
    if (const auto c = run_.children.find(root); c != run_.children.end()) {
      for (const task_index child : c->second) connect(place_of(child | subtree_bit), place);
    }
    return place;
  }

  void follow_chains() {
    std::vector<std::uint32_t> free;
    for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
      if (nodes_[n].missing == 0) free.push_back(n);
    }
    while (!free.empty()) {
      node& n = nodes_[free.back()];
      free.pop_back();
      n.chain += n.delay + n.left.mean;
      n.variance += n.left.variance;
      n.error += n.mean_error;
      for (std::uint32_t i = n.first_edge; i != none; i = edges_[i].next) {
        node& after = nodes_[edges_[i].to];
        if (n.chain > after.chain) {
          after.chain = n.chain;
          after.variance = n.variance;
          after.error = n.error;
        }
        if (--after.missing == 0) free.push_back(edges_[i].to);
      }
    }
  }

  // When the last tasks do not fill the slots, the others are idle: half a task's time on average.
  uncertain_time spread_work() const {
    const auto used = static_cast<double>(run_.slots);
    const auto left = static_cast<double>(left_);
    const double last_wave = (work_.mean / left / 2 + std::sqrt(work_.variance / left)) * (used - 1) / (used + 1);
    double error = 0;
    for (const double e : shared_error_) error += e * e;
    return {work_.mean / used + last_wave, (work_.variance + error) / (used * used)};
  }

  const forecast_state& run_;
  time_point now_;
  std::vector<kind_estimate> kinds_;
  std::vector<double> shared_error_;  // by kind, of all its tasks together
  std::vector<node> nodes_;
  std::vector<edge> edges_;
  std::vector<std::uint32_t> places_;  // by task, from `first_` on
  std::unordered_map<task_index, std::uint32_t> subtrees_;
  uncertain_time work_;
  task_index first_ = 0;
  std::size_t left_ = 0;
  std::uint64_t samples_ = 0;
  bool all_given_ = true;
};

}  // namespace

std::optional<eta> estimate(const forecast_state& run, time_point now) { return calculation(run, now).result(); }

}  // namespace corchestra::detail
