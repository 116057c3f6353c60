#pragma once

#include <vector>

#include <corchestra/core/plan.hpp>
#include "plan/field.hpp"

namespace corchestra::plan_file {

constexpr std::uint32_t max_resource_amount = 1'000'000'000;

/// What a task asks for: `["file:a.md", {id: gpu, amount: 2}]` or `{"file:a.md": shared, gpu: 2}`.
std::vector<resource_request> read_resources(const field& f);
/// The plan's counters and rates: `{gpu: 4, api: {rate: 60, per: 1m}}`.
std::vector<resource_limit> read_resource_limits(const field& f);

}  // namespace corchestra::plan_file
