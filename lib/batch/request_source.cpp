#include "batch/request_source.hpp"

#include <corchestra/base/text.hpp>

namespace corchestra::batch {

namespace {

selection selection_of(const batch_options& o, std::uint64_t requests) {
  return {requests, o.limit, o.sample, o.sample_seed};
}

}  // namespace

request_source::request_source(const batch_options& options, request_maker maker, std::uint64_t requests)
    : options_(options), maker_(std::move(maker)), wanted_(selection_of(options, requests)) {}

error request_source::changed() const {
  return fail(errc::file_error, concat(quote(options_.input.string(), 300), " has changed since it was checked"));
}

result<request_source::found> request_source::next(const line_states& states, request_line& to) {
  if (!put_back_.empty()) {
    to = std::move(put_back_.front());
    put_back_.pop_front();
    return found::put_back;
  }
  if (!records_) {
    auto opened = open_records(options_.input);
    if (opened.has_error()) return opened.error();
    records_ = std::move(*opened);
  }
  record r;
  while (!wanted_.exhausted()) {
    const auto any = records_->next(r);
    if (any.has_error()) return any.error();
    if (!*any || r.index >= states.size()) return changed();
    if (!wanted_.wants_next() || states.at(r.index) != line_state::pending) continue;
    if (maker_.make(to, r, true).has_error()) return changed();
    return found::fresh;
  }
  return found::none;
}

wanted_count count_wanted(const batch_options& options, const line_states& states) {
  selection wanted = selection_of(options, states.size());
  wanted_count out;
  for (std::uint64_t i = 0; i < states.size() && !wanted.exhausted(); ++i) {
    if (!wanted.wants_next()) continue;
    ++out.wanted;
    if (states.at(i) == line_state::pending) ++out.pending;
  }
  return out;
}

}  // namespace corchestra::batch
