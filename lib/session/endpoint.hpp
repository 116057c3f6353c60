#pragma once

#include <memory>
#include <string>

#include <corchestra/base/logger.hpp>
#include <corchestra/plan/settings.hpp>

#include "session/endpoint_watch.hpp"

namespace corchestra {

/// The one client that agents and analyzer share; null when no endpoint is configured.
result<std::shared_ptr<endpoint_watch>> open_endpoint(const any_io_executor& executor, const settings& s, logger log);

/// How to get an endpoint, for messages.
std::string how_to_configure_an_endpoint();

}  // namespace corchestra
