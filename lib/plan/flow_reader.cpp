#include "plan/flow_reader.hpp"

#include <algorithm>

namespace corchestra::plan_file {

namespace {

constexpr std::string_view task_ids = "a list of task ids";

std::string read_pointer(const field& f) {
  std::string pointer = f.text("a JSON pointer");
  if (!pointer.empty() && pointer[0] != '/') f.expected("a JSON pointer such as /kind");
  return pointer;
}

branch_rule::branch_case read_case(const field& f) {
  branch_rule::branch_case c;
  if (!f.object({"equals", "tasks"})) return c;
  if (const auto x = f.required("equals")) c.equals = x->any();
  if (const auto x = f.required("tasks")) c.tasks = x->texts(task_ids);
  return c;
}

}  // namespace

void read_join(const field& f, task_rules& r) {
  if (!f.is_object()) {
    r.join = f.choice<join_policy>({{"all_success", join_policy::all_success},
                                    {"all_done", join_policy::all_done},
                                    {"one_success", join_policy::one_success},
                                    {"none_failed_min_one_success", join_policy::none_failed_min_one_success},
                                    {"{quorum: NUMBER}", join_policy::quorum}});
    if (r.join == join_policy::quorum) f.expected("{quorum: NUMBER}");
    return;
  }
  r.join = join_policy::quorum;
  if (!f.object({"quorum"})) return;
  if (const auto x = f.required("quorum")) r.quorum = static_cast<std::uint32_t>(x->integer(1, 1'000'000));
}

approval_rule read_approval(const field& f) {
  approval_rule a;
  if (f.is_text()) {
    a.message = f.non_empty("a question");
    return a;
  }
  if (!f.is_object()) {
    f.expected("a question, or an object with 'message'");
    return a;
  }
  if (!f.object({"message", "timeout", "default"})) return a;
  if (const auto x = f.required("message")) a.message = x->non_empty("a question");
  if (const auto x = f.member("timeout")) a.timeout = x->time_span();
  if (const auto x = f.member("default")) {
    a.approve_by_default = x->choice<bool>({{"approve", true}, {"reject", false}});
    if (!f.member("timeout")) x->fail("says what happens when 'timeout' passes, and there is no 'timeout'");
  }
  return a;
}

branch_rule read_branches(const field& f) {
  branch_rule b;
  if (!f.is_object() || f.value().items.empty()) {
    f.expected("an object: lists of task ids by output, or 'cases'");
    return b;
  }
  if (const auto cases = f.member("cases")) {
    if (!f.object({"on", "cases", "otherwise"})) return b;
    if (const auto x = f.member("on")) b.pointer = read_pointer(*x);
    if (const auto x = f.member("otherwise")) b.otherwise = x->texts(task_ids);
    for (const field& c : cases->list("a list of cases")) {
      b.cases.push_back(read_case(c));
      const auto same = [&](const branch_rule::branch_case& o) { return o.equals == b.cases.back().equals; };
      if (std::any_of(b.cases.begin(), b.cases.end() - 1, same))
        c.fail(concat("is never reached: a case before it equals ", dump_json(b.cases.back().equals), " too"));
    }
    if (cases->is_list() && b.cases.empty()) cases->expected("at least one case");
    return b;
  }
  for (const auto& [output, tasks] : f.entries()) {
    if (output == "else")
      b.otherwise = tasks.texts(task_ids);
    else
      b.cases.push_back({output, tasks.texts(task_ids)});
  }
  return b;
}

loop_rule read_repeat(const field& f, std::uint32_t most) {
  loop_rule l;
  l.max_iterations = std::min(l.max_iterations, most);
  if (!f.object({"until", "max_iterations"})) return l;
  if (const auto until = f.required("until")) {
    if (until->is_object()) {
      until->object({"at", "equals"});
      if (const auto x = until->member("at")) l.pointer = read_pointer(*x);
      if (const auto x = until->required("equals")) l.until = x->any();
    } else {
      l.until = until->any();
    }
  }
  if (const auto x = f.member("max_iterations")) {
    l.max_iterations = static_cast<std::uint32_t>(x->integer(1, max_loop_iterations));
    if (l.max_iterations > most)
      x->fail(errc::limit_exceeded,
              concat("expected at most ", most, " (limits.max_iterations), got ", l.max_iterations));
  }
  return l;
}

}  // namespace corchestra::plan_file
