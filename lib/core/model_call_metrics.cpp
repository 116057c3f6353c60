#include <corchestra/core/model_call_metrics.hpp>

#include <corchestra/core/model_call_facts.hpp>

namespace corchestra {

std::span<const double> model_call_seconds_bounds() noexcept {
  static constexpr double bounds[] = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                      1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
  return bounds;
}

std::span<const double> model_call_tokens_bounds() noexcept {
  static constexpr double bounds[] = {1,     4,     16,     64,      256,     1024,     4096,
                                      16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};
  return bounds;
}

bool model_call_metrics::operator()(const event& e) {
  const auto f = facts_of_model_call(e);
  if (!f) return false;
  constexpr std::size_t most = 200;
  key k{f->asked, f->answered, f->error};
  if (series_.size() >= most && !series_.contains(k)) k = {"_other", "_other", f->error.empty() ? "" : "_other"};
  model_call_series& s = series_[k];
  s.seconds.add(to_seconds(f->elapsed));
  if (f->usage.known()) {
    s.input_tokens.add(static_cast<double>(f->usage.prompt_tokens));
    s.output_tokens.add(static_cast<double>(f->usage.completion_tokens));
  }
  s.hedged += f->hedge.empty() ? 0 : 1;
  s.answered_by_hedge += f->hedge == "answered" ? 1 : 0;
  if (f->dollars)
    s.dollars += *f->dollars;
  else if (f->error.empty() || f->usage.known())
    ++s.unpriced;
  return true;
}

}  // namespace corchestra
