#include "llm/standard_prices.hpp"

namespace corchestra::llm {

// OpenAI's list prices as known on 2026-01-15. A model with a date in its name has a price of its own here only where it
// differs from that of the name without the date.
const std::string_view standard_prices = R"json({
  "gpt-5.2": {
    "input_cost_per_token": 1.75e-06, "cache_read_input_token_cost": 1.75e-07, "output_cost_per_token": 1.4e-05,
    "input_cost_per_token_priority": 3.5e-06, "cache_read_input_token_cost_priority": 3.5e-07,
    "output_cost_per_token_priority": 2.8e-05},
  "gpt-5.1": {
    "input_cost_per_token": 1.25e-06, "cache_read_input_token_cost": 1.25e-07, "output_cost_per_token": 1e-05,
    "input_cost_per_token_priority": 2.5e-06, "cache_read_input_token_cost_priority": 2.5e-07,
    "output_cost_per_token_priority": 2e-05},
  "gpt-5": {
    "input_cost_per_token": 1.25e-06, "cache_read_input_token_cost": 1.25e-07, "output_cost_per_token": 1e-05,
    "input_cost_per_token_flex": 6.25e-07, "cache_read_input_token_cost_flex": 6.25e-08,
    "output_cost_per_token_flex": 5e-06,
    "input_cost_per_token_priority": 2.5e-06, "cache_read_input_token_cost_priority": 2.5e-07,
    "output_cost_per_token_priority": 2e-05},
  "gpt-5-mini": {
    "input_cost_per_token": 2.5e-07, "cache_read_input_token_cost": 2.5e-08, "output_cost_per_token": 2e-06,
    "input_cost_per_token_flex": 1.25e-07, "cache_read_input_token_cost_flex": 1.25e-08,
    "output_cost_per_token_flex": 1e-06,
    "input_cost_per_token_priority": 4.5e-07, "cache_read_input_token_cost_priority": 4.5e-08,
    "output_cost_per_token_priority": 3.6e-06},
  "gpt-5-nano": {
    "input_cost_per_token": 5e-08, "cache_read_input_token_cost": 5e-09, "output_cost_per_token": 4e-07,
    "input_cost_per_token_flex": 2.5e-08, "cache_read_input_token_cost_flex": 2.5e-09,
    "output_cost_per_token_flex": 2e-07},
  "gpt-4.1": {
    "input_cost_per_token": 2e-06, "cache_read_input_token_cost": 5e-07, "output_cost_per_token": 8e-06,
    "input_cost_per_token_batches": 1e-06, "output_cost_per_token_batches": 4e-06,
    "input_cost_per_token_priority": 3.5e-06, "cache_read_input_token_cost_priority": 8.75e-07,
    "output_cost_per_token_priority": 1.4e-05},
  "gpt-4.1-mini": {
    "input_cost_per_token": 4e-07, "cache_read_input_token_cost": 1e-07, "output_cost_per_token": 1.6e-06,
    "input_cost_per_token_batches": 2e-07, "output_cost_per_token_batches": 8e-07,
    "input_cost_per_token_priority": 7e-07, "cache_read_input_token_cost_priority": 1.75e-07,
    "output_cost_per_token_priority": 2.8e-06},
  "gpt-4.1-nano": {
    "input_cost_per_token": 1e-07, "cache_read_input_token_cost": 2.5e-08, "output_cost_per_token": 4e-07,
    "input_cost_per_token_batches": 5e-08, "output_cost_per_token_batches": 2e-07,
    "input_cost_per_token_priority": 2e-07, "cache_read_input_token_cost_priority": 5e-08,
    "output_cost_per_token_priority": 8e-07},
  "gpt-4o": {
    "input_cost_per_token": 2.5e-06, "cache_read_input_token_cost": 1.25e-06, "output_cost_per_token": 1e-05,
    "input_cost_per_token_batches": 1.25e-06, "output_cost_per_token_batches": 5e-06,
    "input_cost_per_token_priority": 4.25e-06, "cache_read_input_token_cost_priority": 2.125e-06,
    "output_cost_per_token_priority": 1.7e-05},
  "gpt-4o-2024-05-13": {
    "input_cost_per_token": 5e-06, "output_cost_per_token": 1.5e-05,
    "input_cost_per_token_batches": 2.5e-06, "output_cost_per_token_batches": 7.5e-06,
    "input_cost_per_token_priority": 8.75e-06, "output_cost_per_token_priority": 2.625e-05},
  "gpt-4o-mini": {
    "input_cost_per_token": 1.5e-07, "cache_read_input_token_cost": 7.5e-08, "output_cost_per_token": 6e-07,
    "input_cost_per_token_batches": 7.5e-08, "output_cost_per_token_batches": 3e-07,
    "input_cost_per_token_priority": 2.5e-07, "cache_read_input_token_cost_priority": 1.25e-07,
    "output_cost_per_token_priority": 1e-06},
  "o3": {
    "input_cost_per_token": 2e-06, "cache_read_input_token_cost": 5e-07, "output_cost_per_token": 8e-06,
    "input_cost_per_token_flex": 1e-06, "cache_read_input_token_cost_flex": 2.5e-07,
    "output_cost_per_token_flex": 4e-06,
    "input_cost_per_token_priority": 3.5e-06, "cache_read_input_token_cost_priority": 8.75e-07,
    "output_cost_per_token_priority": 1.4e-05},
  "o4-mini": {
    "input_cost_per_token": 1.1e-06, "cache_read_input_token_cost": 2.75e-07, "output_cost_per_token": 4.4e-06,
    "input_cost_per_token_flex": 5.5e-07, "cache_read_input_token_cost_flex": 1.375e-07,
    "output_cost_per_token_flex": 2.2e-06,
    "input_cost_per_token_priority": 2e-06, "cache_read_input_token_cost_priority": 5e-07,
    "output_cost_per_token_priority": 8e-06},
  "o3-mini": {
    "input_cost_per_token": 1.1e-06, "cache_read_input_token_cost": 5.5e-07, "output_cost_per_token": 4.4e-06},
  "o1": {
    "input_cost_per_token": 1.5e-05, "cache_read_input_token_cost": 7.5e-06, "output_cost_per_token": 6e-05}
})json";

}  // namespace corchestra::llm
