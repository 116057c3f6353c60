#include "arguments.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include <corchestra/base/text.hpp>

namespace corchestra::program {

namespace {

std::string help_of(const setting_definition& d) {
  std::string text(d.description);
  text += concat(" Default: ", d.standard, ".");
  for (const std::string_view name : d.environment) text += concat(" [", name, "]");
  return text;
}

template <class T>
bool parse_number(const std::string& text, T& value) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  return ec == std::errc() && end == text.data() + text.size();
}

}  // namespace

void plan_arguments::add_to(CLI::App& command, bool required) {
  auto* plan = command.add_option("PLAN", file_, "The plan: .yaml, .yml, .json or .jsonl");
  if (required) plan->required();
  command.add_option("--set", set_, "Set an input of the plan: --set topic=\"wind power\" (may be repeated)")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  command.add_option("--agents", agents_, "Agents and defaults for a .jsonl plan")->type_name("FILE");
}

result<plan_document> plan_arguments::load() const {
  plan_load_options o;
  o.agents_file = agents_;
  for (const auto& text : set_) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(errc::invalid_argument, concat("--set: expected KEY=VALUE, got ", quote(text)));
    o.set.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return load_plan(file_, o);
}

void setting_arguments::add_to(CLI::App& command, bool (*heeded)(std::string_view key)) {
  for (const setting_definition& d : setting_definitions()) {
    if (d.flag.empty() || (heeded != nullptr && !heeded(d.key))) continue;
    const std::string name(d.flag), help = help_of(d);
    if (d.expects == "true or false") {
      flag& yes_flag = add(d.key, "true");
      flag& no_flag = add(d.key, "false");
      CLI::Option* yes = yes_flag.option = command.add_flag(name, yes_flag.given, help);
      CLI::Option* no = no_flag.option = command.add_flag("--no-" + name.substr(2), no_flag.given, "The opposite.");
      yes->excludes(no);
    } else {
      flag& f = add(d.key, {});
      f.option = command.add_option(name, f.value, help)->type_name("VALUE")->take_last();
    }
  }
  for (const auto& f : flags_) f->option->group(group);
  refused_ = command.add_option("--api-key", refused_key_)->group("");
}

setting_arguments::flag& setting_arguments::add(std::string_view key, std::string value) {
  flags_.push_back(std::make_unique<flag>(flag{std::string(key), std::move(value)}));
  return *flags_.back();
}

result<settings> setting_arguments::load(const plan_document* plan) const {
  if (refused_->count() > 0)
    return fail(errc::invalid_argument,
                "--api-key: everybody on this machine could read it there: set OPENAI_API_KEY or CORCHESTRA_API_KEY");
  settings_input in;
  in.plan = plan;
  for (const auto& f : flags_) {
    if (f->option->count() > 0) in.flags[f->key] = f->value;
  }
  return load_settings(in);
}

void simulation_arguments::add_to(CLI::App& command) {
  CLI::Option* simulate =
      command.add_flag("--simulate", simulate_,
                       "Use the built-in simulated model instead of an endpoint: its answers are invented");
  add_behaviour_to(command);
  for (const char* behaviour : {"--seed", "--speed"}) command.get_option(behaviour)->needs(simulate);
}

void simulation_arguments::add_behaviour_to(CLI::App& command) {
  command.add_option("--seed", seed_, "Seed of the simulated model: the same seed gives the same answers and times")
      ->type_name("N");
  command.add_option("--speed", speed_, "Speed of the simulated model; 10 is ten times as fast")->type_name("FACTOR");
}

result<testing::simulated_model_options> simulation_arguments::options(const logger& log) const {
  testing::simulated_model_options o;
  o.logger = log;
  if (!seed_.empty()) {
    const auto seed = count_of("--seed", seed_, 0, std::numeric_limits<std::uint64_t>::max());
    if (seed.has_error()) return seed.error();
    o.seed = *seed;
  }
  if (!speed_.empty()) {
    const auto speed = number_of("--speed", speed_, 0.01, 100'000);
    if (speed.has_error()) return speed.error();
    o.speed = *speed;
  }
  return o;
}

result<testing::simulated_model> simulation_arguments::start(const any_io_executor& executor, settings& s,
                                                             const logger& log) const {
  auto o = options(log);
  if (o.has_error()) return o.error();
  auto model = testing::simulated_model::listen(executor, std::move(*o));
  if (model.has_error()) return model.error();
  s.base_url = model->base_url();
  s.api_key = secret();
  s.proxy = secret("none");
  if (s.model.empty()) s.model = "simulated-model";
  return model;
}

void color_arguments::add_to(CLI::App& command) { command.add_flag("--no-color", no_color_, "No colours [NO_COLOR]"); }

result<double> number_of(std::string_view flag, const std::string& text, double least, double most) {
  double value = 0;
  if (parse_number(text, value) && std::isfinite(value) && value >= least && value <= most) return value;
  const auto shown = [](double d) { return fixed(d, d == std::floor(d) ? 0 : 2); };
  return fail(errc::invalid_argument,
              concat(flag, ": expected a number from ", shown(least), " to ", shown(most), ", got ", quote(text)));
}

result<std::uint64_t> count_of(std::string_view flag, const std::string& text, std::uint64_t least,
                               std::uint64_t most) {
  std::uint64_t value = 0;
  if (parse_number(text, value) && value >= least && value <= most) return value;
  return fail(errc::invalid_argument,
              concat(flag, ": expected a whole number from ", least, " to ", most, ", got ", quote(text)));
}

}  // namespace corchestra::program
