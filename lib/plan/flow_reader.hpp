#pragma once

#include <corchestra/core/task_rules.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

/// The highest value of limits.max_iterations.
constexpr std::uint32_t max_loop_iterations = 1'000'000;

/// `all_done`, or `{quorum: 2}`.
void read_join(const field& f, task_rules& r);
/// A question, or `{message, timeout, default: approve}`.
approval_rule read_approval(const field& f);
/// `{on: /kind, cases: [{equals: news, tasks: [a]}], otherwise: [b]}`, or in short `{news: [a], else: [b]}`.
branch_rule read_branches(const field& f);
/// `{until: {at: /done, equals: true}, max_iterations: 5}`, or `{until: done}`. `most`: the plan's max_iterations.
loop_rule read_repeat(const field& f, std::uint32_t most);

}  // namespace corchestra::plan_file
