#pragma once

#include <memory>
#include <string>

#include <corchestra/base/logger.hpp>
#include <corchestra/llm/openai_client.hpp>
#include <corchestra/plan/settings.hpp>

#include "session/endpoint_watch.hpp"

namespace corchestra {

/// The configured endpoint, which there has to be, within these limits and those of the settings.
result<llm::openai_endpoint> connect_endpoint(const any_io_executor& executor, const settings& s,
                                              llm::limiter_options limits, logger log);

/// The one client that agents and analyzer share; null when no endpoint is configured.
result<std::shared_ptr<endpoint_watch>> open_endpoint(const any_io_executor& executor, const settings& s, logger log);

/// How to get an endpoint, for messages.
std::string how_to_configure_an_endpoint();

}  // namespace corchestra
