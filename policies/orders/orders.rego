# The rules of the orders API: who may do what to which order.
#
# Visible first, then permitted, then strong enough: an order that the caller may not see answers `not_yours` whatever
# was asked of it, so that no answer tells a stranger that it exists.
package orders

import data.orders.settings

default decision := {"outcome": "deny", "reason": "not_allowed"}

decision := {"outcome": "allow"} if {
	asked
	scope_fits
	visible
	permitted
	strong_enough
} else := {"outcome": "deny", "reason": "not_yours"} if {
	asked
	scope_fits
	not visible
} else := {"outcome": "deny", "reason": "not_allowed"} if {
	asked
	scope_fits
	not permitted
} else := object.union(
	{"outcome": "step_up", "reason": "stronger_sign_in"},
	object.union(login_demand, sender_demand),
) if {
	asked
	scope_fits
	visible
	permitted
	count(object.union(login_demand, sender_demand)) > 0
}

# What each action needs: its scope, its HTTP methods, and whether it is asked of one order or of them all.
actions := {
	"list": {"scope": "read:orders", "methods": {"GET", "HEAD"}, "on": "collection"},
	"read_batch": {"scope": "read:orders", "methods": {"POST"}, "on": "collection"},
	"create": {"scope": "write:orders", "methods": {"POST"}, "on": "collection"},
	"read": {"scope": "read:orders", "methods": {"GET", "HEAD"}, "on": "order"},
	"update": {"scope": "write:orders", "methods": {"PATCH"}, "on": "order"},
	"cancel": {"scope": "write:orders", "methods": {"POST"}, "on": "order"},
	"refund": {"scope": "refund:orders", "methods": {"POST"}, "on": "order"},
}

action := actions[input.action.name]

# The route must ask for the action's own scope: a refund behind a route of `read:orders` is a mistake, and refused.
scope_fits if {
	input.action.properties.method in action.methods
	input.action.properties.scope == action.scope
	action.scope in input.subject.properties.scopes
	input.resource.type == action.on
}

visible if action.on == "collection"

visible if own

visible if support

visible if {
	input.resource.properties.owner_type == "user"
	granted_to_machine(input.resource.properties.owner)
}

own if {
	input.resource.properties.owner == input.subject.id
	input.resource.properties.owner_type == input.subject.type
}

# Only a person can be support: a machine gets what data.orders.settings.machines names, by client_id, and no more.
support if {
	input.subject.type == "user"
	"support" in input.subject.properties.roles
}

machine := settings.machines[input.subject.properties.client_id] if input.subject.type == "client"

granted_to_machine(_) if machine.owners == "all"

granted_to_machine(owner) if {
	is_array(machine.owners)
	owner in machine.owners
}

permitted if input.action.name in {"list", "read_batch", "create", "read"}

permitted if {
	input.action.name in {"update", "cancel"}
	own
}

permitted if {
	input.action.name == "refund"
	support
	input.context.amount_cents > 0
	refund_cents > 0
}

# What the order would have been refunded in all: a large refund cut into small ones is still large.
refund_cents := input.resource.properties.refunded_cents + input.context.amount_cents if {
	whole(input.resource.properties.refunded_cents)
	whole(input.context.amount_cents)
}

strong_enough if input.action.name in {"list", "read_batch", "create", "read", "update", "cancel"}

strong_enough if refund_cents <= settings.refund_limit_cents

strong_enough if {
	fresh_strong_login
	sender_constrained
}

fresh_strong_login if {
	input.subject.properties.acr in settings.strong_acr_values
	whole(input.subject.properties.auth_time)
	age := input.context.now - input.subject.properties.auth_time
	age <= settings.refund_max_age_seconds
	age >= 0 - settings.clock_skew_seconds
}

sender_constrained if input.subject.properties.sender in {"dpop", "mtls"}

# Behind the gateway the token is the gateway's own: it says, signed by the issuer, what bound the one outside.
sender_constrained if input.context.sender_outside in {"dpop", "mtls"}

default large := false

large if refund_cents > settings.refund_limit_cents

default login_demand := {}

login_demand := {
	"acr_values": concat(" ", settings.strong_acr_values),
	"max_age": settings.refund_max_age_seconds,
} if {
	large
	not fresh_strong_login
}

default sender_demand := {}

sender_demand := {"require": "dpop"} if {
	large
	not sender_constrained
}

# Which orders a list or a batch may hold, for the service's own query: all, or those of the owners named.
default filter := {"owners": []}

filter := {"all": true} if {
	listing
	sees_all
} else := {"owners": array.concat([{"type": input.subject.type, "id": input.subject.id}], machine_owners)} if {
	listing
}

listing if {
	asked
	scope_fits
	input.action.name in {"list", "read_batch"}
}

sees_all if support

sees_all if machine.owners == "all"

default machine_owners := []

machine_owners := [{"type": "user", "id": id} | some id in machine.owners] if is_array(machine.owners)

# The question is whole: every member that the guard always sends is there and of its type.
asked if {
	input.subject.type in {"user", "client"}
	text(input.subject.id)
	text(input.subject.properties.client_id)
	is_array(input.subject.properties.scopes)
	is_array(input.subject.properties.roles)
	input.subject.properties.sender in {"bearer", "dpop", "mtls"}
	text(input.action.name)
	text(input.action.properties.method)
	text(input.action.properties.route)
	text(input.action.properties.scope)
	text(input.resource.id)
	whole(input.context.now)
	text(input.context.request_id)
	resource_asked
}

resource_asked if input.resource.type == "collection"

resource_asked if {
	input.resource.type == "order"
	text(input.resource.properties.owner)
	text(input.resource.properties.owner_type)
}

text(value) if {
	is_string(value)
	value != ""
}

# Cents and seconds are whole. Between fractions the two engines would round apart, and one cent decides.
whole(value) if {
	is_number(value)
	value >= 0
	value <= 9007199254740991
	floor(value) == value
}
