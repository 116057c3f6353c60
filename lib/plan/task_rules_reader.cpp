#include <corchestra/base/json_schema.hpp>
#include "plan/budget_reader.hpp"
#include "plan/flow_reader.hpp"
#include "plan/task_reader.hpp"

namespace corchestra::plan_file {

json task_reader::read_output_schema(const field& f) {
  json schema = f.any_object();
  if (!f.is_object() || schema == sound_schema_) return schema;
  if (const auto compiled = json_schema::compile(schema); !compiled)
    f.fail(compiled.error().message);
  else
    sound_schema_ = schema;
  return schema;
}

void task_reader::read_rules(const field& f, task_call& t) {
  const auto rules = [&t]() -> task_rules& { return t.rules.get_or_emplace(); };
  if (const auto x = f.member("join")) read_join(*x, rules());
  if (const auto x = f.member("group")) rules().group = x->non_empty("a group's name");
  if (const auto x = f.member("fairness_key")) rules().fairness_key = x->text();
  if (const auto x = f.member("weight")) rules().weight = static_cast<std::uint32_t>(x->integer(1, 100'000));
  if (const auto x = f.member("expected_duration")) rules().expected_duration = x->time_span();
  if (const auto x = f.member("approval")) rules().approval = read_approval(*x);
  if (const auto x = f.member("branches")) rules().branch = read_branches(*x);
  if (const auto x = f.member("repeat")) rules().repeat = read_repeat(*x, max_iterations_);
  if (const auto x = f.member("reserve")) rules().reserve = read_budget_amount(*x);
  if (const auto x = f.member("budget")) rules().budget = read_budget_limit(*x);
  if (const auto x = f.member("output_schema")) rules().output_schema = read_output_schema(*x);
  if (const auto x = f.member("state_key")) rules().state_key = x->non_empty("a key of the shared state");
  if (const auto x = f.member("effect")) {
    rules().effect = x->choice<effect_class>({{"pure", effect_class::pure},
                                              {"idempotent", effect_class::idempotent},
                                              {"at_most_once", effect_class::at_most_once},
                                              {"compensable", effect_class::compensable}});
    if (rules().effect == effect_class::at_most_once && t.retry && t.retry->max_retries > 0)
      x->fail("a task that is done at most once is never tried again, and 'retries' asks for it");
  }
  if (const auto x = f.member("hold_across_waits")) rules().hold_across_waits = x->boolean();
}

}  // namespace corchestra::plan_file
