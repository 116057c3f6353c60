#pragma once

#include <vector>

#include <corchestra/net/proxy_settings.hpp>
#include <corchestra/plan/settings.hpp>

namespace corchestra {

/// The proxy for the endpoint: the setting, else what the environment says. Error: `invalid_config`, naming the setting
/// or variable.
result<net::proxy_settings> endpoint_proxy(const settings& s);

/// What must not be shown of it.
std::vector<secret> proxy_secrets(const settings& s);

}  // namespace corchestra
