# The guard's default for door two: the scope fits, and the object is the caller's own.
#
# An object names its owner in `owner`; `owner_type` is `user` unless it says `client`, so that a machine called like
# a user owns nothing of that user's. A route without an object (`resource.type` is `collection`) is decided by scope.
package owner

default decision := {"outcome": "deny", "reason": "not_allowed"}

decision := {"outcome": "allow"} if {
	asked
	scope_fits
	admitted
} else := {"outcome": "deny", "reason": "not_yours"} if {
	asked
	scope_fits
	input.resource.type != "collection"
}

admitted if {
	input.resource.type != "collection"
	input.resource.properties.owner == input.subject.id
	object.get(input.resource.properties, "owner_type", "user") == input.subject.type
}

admitted if input.resource.type == "collection"

scope_fits if input.action.properties.scope in input.subject.properties.scopes

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
	text(input.resource.type)
	is_string(input.resource.id)
	is_object(input.resource.properties)
	is_number(input.context.now)
	text(input.context.request_id)
}

text(value) if {
	is_string(value)
	value != ""
}
