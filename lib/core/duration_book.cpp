#include <corchestra/core/duration_book.hpp>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include <corchestra/base/text.hpp>

#include "base/pointer_step.hpp"

namespace corchestra {

namespace {

constexpr double alpha = 0.3;
constexpr double longest = 1e9;  // seconds: 30 years

using entries = boost::container::flat_map<std::string, duration_book::entry, std::less<>>;

void learn_under(entries& book, std::string_view name, double seconds) {
  if (name.empty()) return;
  auto it = book.find(name);
  if (it == book.end()) it = book.emplace(name, duration_book::entry{}).first;
  duration_book::entry& e = it->second;
  if (e.samples++ == 0) {
    e.mean_seconds = seconds;
    return;
  }
  const double off = seconds - e.mean_seconds;
  e.mean_seconds += alpha * off;
  e.variance = (1 - alpha) * (e.variance + alpha * off * off);
}

const duration_book::entry* find_in(const entries& book, std::string_view name) {
  const auto it = book.find(name);
  return it == book.end() ? nullptr : &it->second;
}

json to_json(const entries& book) {
  json out = json::object();
  for (const auto& [name, e] : book) {
    out[name] = {{"mean_seconds", e.mean_seconds}, {"variance", e.variance}, {"samples", e.samples}};
  }
  return out;
}

error wrong(std::string_view place, std::string_view expected, const json& got) {
  return fail(errc::invalid_argument, concat("durations: ", place.empty() ? "the whole" : place, ": expected ",
                                             expected, ", got ", one_line(dump_json(got), 80)));
}

result<void> check_keys(std::string_view place, const json& value, std::initializer_list<std::string_view> known) {
  if (!value.is_object()) return wrong(place, "an object", value);
  for (const auto& [key, _] : value.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return fail(errc::invalid_argument, concat("durations: ", place, "/", key, ": unknown, expected ",
                                               join({known.begin(), known.end()}, ", ")));
  }
  return {};
}

result<double> read_number(const std::string& place, const json& value, double most) {
  const bool good = value.is_number() && value.get<double>() >= 0 && value.get<double>() <= most;
  if (!good) return wrong(place, concat("a number from 0 to ", dump_json(json(most))), value);
  return value.get<double>();
}

result<duration_book::entry> read_entry(const std::string& place, const json& value) {
  if (const auto keys = check_keys(place, value, {"mean_seconds", "variance", "samples"}); !keys) return keys.error();
  for (const char* needed : {"mean_seconds", "samples"}) {
    if (!value.contains(needed)) {
      return fail(errc::invalid_argument, concat("durations: ", place, ": expected ", quote(needed)));
    }
  }
  const auto mean = read_number(place + "/mean_seconds", value["mean_seconds"], longest);
  if (!mean) return mean.error();
  const auto variance = read_number(place + "/variance", value.value("variance", json(0)), longest * longest);
  if (!variance) return variance.error();
  const json& samples = value["samples"];
  if (!samples.is_number_integer() || samples <= 0) return wrong(place + "/samples", "a whole number above 0", samples);
  return duration_book::entry{*mean, *variance, samples.get<std::uint64_t>()};
}

std::string step(std::string_view key) { return "/" + detail::pointer_step(key); }

result<entries> read_entries(const json& value, const char* section) {
  entries out;
  if (!value.contains(section)) return out;
  const json& all = value[section];
  if (!all.is_object()) return wrong(step(section), "an object", all);
  for (const auto& [name, entry] : all.items()) {
    const std::string place = step(section) + step(name);
    if (name.empty()) return fail(errc::invalid_argument, concat("durations: ", place, ": expected a name"));
    auto read = read_entry(place, entry);
    if (!read) return read.error();
    out.emplace(name, *read);
  }
  return out;
}

}  // namespace

void duration_book::learn(std::string_view task_type, std::string_view agent, duration d) {
  const double seconds = std::min(to_seconds(std::max(d, duration::zero())), longest);
  learn_under(types_, task_type, seconds);
  learn_under(agents_, agent, seconds);
}

const duration_book::entry* duration_book::find(std::string_view task_type, std::string_view agent) const {
  const entry* by_type = find_in(types_, task_type);
  return by_type != nullptr ? by_type : find_in(agents_, agent);
}

optional_duration duration_book::expected(std::string_view task_type, std::string_view agent) const {
  const entry* e = find(task_type, agent);
  return e == nullptr ? optional_duration{} : optional_duration{from_seconds(e->mean_seconds)};
}

void duration_book::set(std::string_view task_type, std::string_view agent, const entry& e) {
  (task_type.empty() ? agents_ : types_).insert_or_assign(std::string(task_type.empty() ? agent : task_type), e);
}

json duration_book::to_json_value() const { return {{"types", to_json(types_)}, {"agents", to_json(agents_)}}; }

result<duration_book> duration_book::from_json_value(const json& value) {
  if (const auto keys = check_keys("", value, {"types", "agents"}); !keys) return keys.error();
  auto types = read_entries(value, "types");
  if (!types) return types.error();
  auto agents = read_entries(value, "agents");
  if (!agents) return agents.error();
  duration_book book;
  book.types_ = *std::move(types);
  book.agents_ = *std::move(agents);
  return book;
}

}  // namespace corchestra
