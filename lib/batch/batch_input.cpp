#include <corchestra/batch/batch_input.hpp>

#include <map>

#include <corchestra/base/text.hpp>
#include <corchestra/llm/cost.hpp>

#include "batch/cost_bound.hpp"
#include "batch/file_hash.hpp"
#include "batch/id_check.hpp"
#include "batch/input_file.hpp"
#include "batch/request_line.hpp"

namespace corchestra::batch {

namespace {

constexpr std::int64_t usual_answer = 500;

class input_check {
 public:
  input_check(const std::filesystem::path& file, const llm::price_table* prices, bool bounded)
      : file_(file), bounds_(prices), bounded_(bounded) {}

  result<void> read(const request_maker& maker) {
    file_hash hash;
    auto records = open_records(file_, [&hash](std::string_view block) { hash.add(block); });
    if (records.has_error()) return records.error();
    record r;
    request_line line;
    for (;;) {
      const auto any = (*records)->next(r);
      if (any.has_error()) return any.error();
      if (!*any) break;
      auto sound = maker.make(line, r, false);
      if (sound.has_value()) sound = take(line, r.line);
      if (sound.has_value()) continue;
      ++wrong_;
      if (!first_) first_ = fail(errc::invalid_argument, concat(place_of(file_, r.line), ": ", sound.error().message));
    }
    found_.xxh128 = hash.hex();
    return {};
  }

  result<batch_input> finish(const request_maker& maker) {
    if (first_) {
      if (wrong_ > 1)
        first_->message += concat(" (and ", wrong_ - 1, wrong_ == 2 ? " other line" : " other lines", " with errors)");
      return *first_;
    }
    if (found_.requests == 0)
      return fail(errc::invalid_argument, concat(quote(file_.string(), 300), " has no requests: expected one a line"));
    const auto suspects = ids_.suspects();
    if (suspects.has_error()) return suspects.error();
    if (auto unique = compare(*suspects, maker); unique.has_error()) return unique.error();
    return std::move(found_);
  }

 private:
  // The ids of these lines with each other.
  result<void> compare(const std::set<std::uint64_t>& lines, const request_maker& maker) const {
    if (lines.empty()) return {};
    auto records = open_records(file_);
    if (records.has_error()) return records.error();
    std::map<std::string, std::uint64_t> seen;
    record r;
    request_line line;
    for (;;) {
      const auto any = (*records)->next(r);
      if (any.has_error()) return any.error();
      if (!*any || r.line > *lines.rbegin()) return {};
      if (!lines.contains(r.line)) continue;
      if (auto made = maker.make(line, r, false); made.has_error()) return made;
      const auto [first, is_new] = seen.emplace(line.custom_id, r.line);
      if (!is_new)
        return fail(errc::invalid_argument, concat(place_of(file_, r.line), ": the custom_id ", quote(line.custom_id),
                                                   " was given in line ", first->second, " already"));
    }
  }

  result<void> take(const request_line& line, std::uint64_t number) {
    if (found_.path.empty()) found_.path = line.path;
    if (line.path != found_.path)
      return fail(errc::invalid_argument,
                  concat("the url is for ", quote(line.path), ", that of the first request for ", quote(found_.path),
                         ": a batch has one"));
    model_share& share = found_.models[line.model];
    ++share.requests;
    share.bytes += line.body.size();
    const bool text = asks_for_text(line.path);
    if (text) share.max_tokens += line.answer_tokens().value_or(0);
    if (text && !line.max_tokens) ++share.unbounded;
    if (text && !line.max_tokens && bounded_)
      return fail(errc::invalid_argument,
                  "max_tokens is needed where there is a budget: name it in the request, or by --max-tokens");
    if (const auto bound = bound_of(line, bounds_); bound.most) share.bound += *bound.most;
    ++found_.requests;
    return ids_.add(line.custom_id, number);
  }

  const std::filesystem::path& file_;
  llm::bound_finder bounds_;
  const bool bounded_;
  id_check ids_;
  batch_input found_;
  std::optional<error> first_;
  std::uint64_t wrong_ = 0;
};

}  // namespace

result<batch_input> check_input(const std::filesystem::path& file, const request_options& options,
                                const llm::price_table* prices, bool bounded) {
  const auto maker = request_maker::create(options);
  if (maker.has_error()) return maker.error();
  input_check check(file, prices, bounded);
  if (auto read = check.read(*maker); read.has_error()) return read.error();
  return check.finish(*maker);
}

cost_estimate estimate(const batch_input& input, const llm::price_table& prices) {
  cost_estimate out;
  bool bounded = true;
  llm::money most;
  for (const auto& [model, share] : input.models) {
    const token_usage usual{
        .prompt_tokens = static_cast<std::int64_t>(share.bytes / 4),
        .completion_tokens = share.max_tokens / 2 + static_cast<std::int64_t>(share.unbounded) * usual_answer,
        .calls = static_cast<std::int64_t>(share.requests)};
    // The price of an ordinary call: that of a long prompt is for prompts, not for their sum.
    const llm::model_price* price = prices.find(model);
    const auto input_price = price ? price->of(llm::token_kind::input, llm::price_tier::standard, 0) : std::nullopt;
    const auto output_price = price ? price->of(llm::token_kind::output, llm::price_tier::standard, 0) : std::nullopt;
    if (!input_price || (usual.completion_tokens > 0 && !output_price)) {
      out.unpriced += share.requests;
      continue;
    }
    out.likely += llm::money::of(usual.prompt_tokens, *input_price);
    if (output_price) out.likely += llm::money::of(usual.completion_tokens, *output_price);
    most += share.bound;
    bounded = bounded && share.unbounded == 0;
  }
  if (bounded) out.most = most;
  return out;
}

}  // namespace corchestra::batch
