#include "batch/opened_batch.hpp"

#include <corchestra/base/text.hpp>

#include "batch/file_hash.hpp"

namespace corchestra::batch {

namespace fs = std::filesystem;

namespace {

std::string name_of(const fs::path& p) { return quote(p.string(), 300); }

error other_settings(std::string message) { return fail(errc::invalid_config, std::move(message)); }

// What decides the meaning of the answers: it must not change within a batch.
ordered_json meaning_of(const batch_options& o) {
  return {{"endpoint", o.endpoint},
          {"model", o.requests.model},
          {"model_forced", o.requests.model_forced},
          {"prompt", o.requests.prompt},
          {"system", o.requests.system},
          {"max_tokens", o.requests.max_tokens ? ordered_json(*o.requests.max_tokens) : ordered_json()},
          {"body", o.requests.body}};
}

result<void> check_same_settings(const batch_state& state, const ordered_json& now, const fs::path& file) {
  for (const auto& [name, value] : now.items()) {
    const ordered_json before = state.settings().value(name, ordered_json());
    if (before == value) continue;
    return other_settings(concat(name_of(file), " was begun with ", name, " ", one_line(dump_json(before), 60),
                                 ", and now it is ", one_line(dump_json(value), 60),
                                 ": give what it was begun with, or another output file"));
  }
  return {};
}

result<void> check_same_input(const batch_state& state, const batch_options& o, const fs::path& file) {
  const auto hash = file_hash::of(o.input);
  if (hash.has_error()) return hash.error();
  if (*hash == state.input()->xxh128) return {};
  return other_settings(
      concat(name_of(o.input), " is not the file that ", name_of(file),
             " was begun with: its answers would not belong together. Take that file, or another output file"));
}

bool has_prices(const llm::model_price* price, bool of_answers) {
  const auto known = [price](llm::token_kind k) { return price->of(k, llm::price_tier::standard, 0).has_value(); };
  return price != nullptr && known(llm::token_kind::input) && (!of_answers || known(llm::token_kind::output));
}

result<void> check_prices(const batch_input& input, const batch_options& o) {
  if (!o.budget || o.allow_unpriced) return {};
  for (const auto& [model, share] : input.models) {
    if (o.prices && has_prices(o.prices->find(model), asks_for_text(input.path))) continue;
    return other_settings(concat("the price of model ", quote(model),
                                 " is not known, and a budget needs it: give --prices FILE, or --allow-unpriced"));
  }
  return {};
}

// Of a new batch, or of one that is known but for a bound that a budget needs.
result<batch_input> read_input(const batch_options& o) {
  return check_input(o.input, o.requests, o.prices.get(), o.budget && !o.allow_unpriced);
}

bool has_unbounded(const batch_input& input) {
  for (const auto& [model, share] : input.models)
    if (share.unbounded > 0) return true;
  return false;
}

result<void> take_up(const batch_options& o, const result_files::paths& paths, batch_state& state) {
  if (auto same = check_same_settings(state, meaning_of(o), paths.state); same.has_error()) return same;
  if (auto same = check_same_input(state, o, paths.state); same.has_error()) return same;
  if (o.budget && !o.allow_unpriced && has_unbounded(*state.input())) {
    if (const auto checked = read_input(o); checked.has_error()) return checked.error();
  }
  std::error_code ignored;
  const std::uint64_t done = state.lines.count(line_state::done);
  if (done == 0 || fs::exists(paths.output, ignored)) return {};
  return fail(errc::file_error, concat(name_of(paths.output), " is not there, and ", name_of(paths.state),
                                       " says that ", done, " of its ", state.input()->requests,
                                       " requests are done: put it back, or remove the state to begin anew"));
}

result<void> check_new(const result_files::paths& paths) {
  for (const fs::path* p : {&paths.output, &paths.errors, &paths.ahead}) {
    std::error_code ignored;
    if (!fs::exists(*p, ignored) || (fs::is_regular_file(*p, ignored) && fs::is_empty(*p, ignored))) continue;
    return fail(errc::file_error, concat(name_of(*p), " exists, and no ", name_of(paths.state),
                                         " to go on from: choose another output file, or remove it"));
  }
  return {};
}

result<batch_input> read_new(const batch_options& o, const result_files::paths& paths) {
  if (auto fresh = check_new(paths); fresh.has_error()) return fresh.error();
  auto input = read_input(o);
  if (input.has_error()) return input;
  if (auto priced = check_prices(*input, o); priced.has_error()) return priced.error();
  return input;
}

}  // namespace

result<opened_batch> open_batch(const batch_options& o, const result_files::paths& paths) {
  auto maker = request_maker::create(o.requests);
  if (maker.has_error()) return maker.error();
  std::error_code ignored;
  if (!paths.output.has_filename() || fs::is_directory(paths.output, ignored))
    return fail(errc::invalid_argument,
                concat("--output: expected a file for the answers, and ", name_of(paths.output), " is a folder"));
  for (const fs::path* p : {&paths.output, &paths.errors, &paths.state, &paths.ahead}) {
    if (fs::equivalent(o.input, *p, ignored))
      return fail(errc::invalid_argument,
                  concat("the input ", name_of(o.input), " would be overwritten: choose another output file"));
  }
  std::optional<batch_state> state;
  if (fs::exists(paths.state, ignored)) {
    auto earlier = batch_state::open(paths.state);
    if (earlier.has_error()) return earlier.error();
    state.emplace(std::move(*earlier));
  }
  const bool resumed = state && state->input();
  if (resumed) {
    if (auto same = take_up(o, paths, *state); same.has_error()) return same.error();
    if (auto priced = check_prices(*state->input(), o); priced.has_error()) return priced.error();
  } else {
    // Before the state is made: a batch with mistakes leaves no file behind.
    const auto input = read_new(o, paths);
    if (input.has_error()) return input.error();
    if (!state) {
      auto fresh = batch_state::open(o.dry_run ? fs::path() : paths.state);
      if (fresh.has_error()) return in_place(fresh.error(), "--output");
      state.emplace(std::move(*fresh));
    }
    if (auto begun = state->begin(*input, meaning_of(o)); begun.has_error()) return begun.error();
  }
  opened_batch b{std::move(*state), std::nullopt, std::move(*maker), resumed};
  if (!o.dry_run) {
    auto files = result_files::open(paths, o.ordered, o.prices.get(), b.state);
    if (files.has_error()) return files.error();
    b.files.emplace(std::move(*files));
  }
  if (b.state.at_stake > llm::money()) {
    o.logger.warn("batch", concat("the last run was cut off: what was under way then counts as spent, at most $",
                                  b.state.at_stake.to_text()));
    b.state.totals.spent += std::exchange(b.state.at_stake, {});
  }
  if (o.retry_failed) {
    b.state.lines.replace(line_state::failed, line_state::pending);
    b.state.totals.failures.clear();
    b.state.errors_bytes = 0;
  }
  if (o.dry_run) return b;
  // First the state, then the file: a crash between the two brings the failures back, and loses none.
  if (auto saved = b.state.save(); saved.has_error()) return saved.error();
  if (o.retry_failed) {
    if (auto done = b.files->forget_failures(); done.has_error()) return done.error();
  }
  return b;
}

}  // namespace corchestra::batch
