#pragma once

#include <memory>

#include <corchestra/llm/price_table.hpp>
#include <corchestra/plan/settings.hpp>

namespace corchestra {

/// What the models of the configured endpoint cost: the standard prices where that is OpenAI's own, and over them those
/// of the file `prices`. Another endpoint may serve the same names at other prices, or for nothing. Errors: those of
/// price_table::load, after what set the file.
result<std::shared_ptr<const llm::price_table>> prices_of(const settings& s);

}  // namespace corchestra
