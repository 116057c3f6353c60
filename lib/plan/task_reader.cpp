#include "plan/task_reader.hpp"

#include <algorithm>

#include "base/text_file.hpp"
#include "plan/name.hpp"
#include "plan/parse.hpp"
#include "plan/resource_reader.hpp"

namespace corchestra::plan_file {

namespace {

constexpr std::size_t max_prompt_bytes = 16u << 20;

std::vector<std::string> read_dependencies(const field& f) {
  std::vector<std::string> out;
  for (const field& item : f.list("a list of task ids")) {
    std::string id = item.non_empty("a task id");
    if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(std::move(id));
  }
  return out;
}

json read_options(const field& f) {
  json out = json::object();
  if (!f.object({"model", "temperature", "max_tokens"})) return out;
  if (const auto m = f.member("model")) out["model"] = m->non_empty("a model's name");
  if (const auto t = f.member("temperature")) out["temperature"] = t->number(0, 2);
  if (const auto m = f.member("max_tokens")) out["max_tokens"] = m->integer(1, 1'000'000'000);
  return out;
}

std::string read_prompt_file(const field& f, const std::filesystem::path& folder) {
  const std::string name = f.non_empty("a file name");
  if (f.log().first) return {};
  result<std::string> text = detail::read_text_file(folder / name, max_prompt_bytes);
  if (!text) {
    f.fail(static_cast<errc>(text.error().code.value()), text.error().message);
    return {};
  }
  if (const int line = first_bad_utf8_line(*text)) f.fail(concat(quote(name), " is not UTF-8 in line ", line));
  return std::move(*text);
}

}  // namespace

int read_priority(const field& f) { return static_cast<int>(f.integer(-1'000'000, 1'000'000)); }

retry_policy read_retries(const field& f) {
  constexpr int most = 1000;
  retry_policy r;
  if (f.is_object()) {
    f.object({"max", "first_delay", "factor", "max_delay", "jitter", "pause_when_exhausted"});
    if (const auto m = f.required("max")) r.max_retries = static_cast<int>(m->integer(0, most));
    if (const auto d = f.member("first_delay")) r.first_delay = d->time_span();
    if (const auto x = f.member("factor")) r.factor = x->number(1, 100);
    if (const auto d = f.member("max_delay")) r.max_delay = d->time_span();
    if (const auto j = f.member("jitter")) r.jitter = j->boolean();
    if (const auto p = f.member("pause_when_exhausted")) r.pause_when_exhausted = p->boolean();
  } else if (f.value().value.is_number_integer()) {
    r.max_retries = static_cast<int>(f.integer(0, most));
  } else {
    f.expected("an integer, or an object with 'max'");
  }
  return r;
}

task_limits read_task_limits(const field& f, const task_limits& defaults) {
  task_limits l = defaults;
  if (!f.object({"schedule_to_start", "start_to_close", "schedule_to_close", "heartbeat_timeout"})) return l;
  if (const auto d = f.member("schedule_to_start")) l.schedule_to_start = d->time_span();
  if (const auto d = f.member("start_to_close")) l.start_to_close = d->time_span();
  if (const auto d = f.member("schedule_to_close")) l.schedule_to_close = d->time_span();
  if (const auto d = f.member("heartbeat_timeout")) l.heartbeat_timeout = d->time_span();
  return l;
}

task_call task_reader::read(const field& f) {
  task_call t;
  t.agent = defaults_.agent;
  t.priority = defaults_.priority;
  t.limits = defaults_.limits;
  if (!f.object({"id",          "agent",        "task_type",
                 "description", "prompt",       "prompt_file",
                 "context",     "depends_on",   "priority",
                 "resources",   "limits",       "retries",
                 "options",     "join",         "group",
                 "weight",      "fairness_key", "expected_duration",
                 "approval",    "branches",     "repeat",
                 "reserve",     "budget",       "output_schema",
                 "state_key",   "effect",       "hold_across_waits",
                 "tools"}))
    return t;
  if (const auto id = f.required("id")) t.id = read_name(*id);
  if (const auto a = f.member("agent"))
    t.agent = a->non_empty("an agent's name");
  else if (defaults_.agent.empty())
    f.required("agent");
  if (const auto x = f.member("task_type")) t.task_type = x->text();
  if (const auto x = f.member("description")) t.description = x->text();
  if (const auto p = f.member("prompt")) t.prompt = p->non_empty("a prompt");
  if (const auto p = f.member("prompt_file")) {
    if (t.prompt)
      p->fail("'prompt' and 'prompt_file' exclude each other");
    else
      t.prompt = read_prompt_file(*p, folder_);
  }
  if (const auto x = f.member("context")) t.context = x->any_object();
  if (const auto d = f.member("depends_on")) {
    t.depends_on = read_dependencies(*d);
    t.dependencies_given = true;
  }
  if (const auto p = f.member("priority")) t.priority = read_priority(*p);
  if (const auto r = f.member("resources")) t.resources = read_resources(*r);
  if (const auto l = f.member("limits")) t.limits = read_task_limits(*l, defaults_.limits);
  if (const auto r = f.member("retries")) t.retry = read_retries(*r);
  if (const auto o = f.member("options")) t.options = read_options(*o);
  if (const auto x = f.member("tools")) t.options["tools"] = x->texts("a list of tools");
  read_rules(f, t);
  return t;
}

}  // namespace corchestra::plan_file
