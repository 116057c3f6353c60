#pragma once

#include <cstddef>
#include <string>

#include <corchestra/core/task_call.hpp>

namespace corchestra::telemetry {

/// What a task is asked, as the conventions' `gen_ai.input.messages`: JSON text with its text cut to `max` bytes.
std::string input_message(const task_call& call, std::size_t max);
/// What it brought, as `gen_ai.output.messages`.
std::string output_message(const json& output, std::size_t max);

}  // namespace corchestra::telemetry
