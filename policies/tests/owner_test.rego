package owner_test

import data.owner
import data.question

test_own_object_is_allowed if {
	owner.decision == {"outcome": "allow"} with input as read(question.alice, "user_alice")
}

test_anothers_object_is_not_yours if {
	owner.decision == {"outcome": "deny", "reason": "not_yours"} with input as read(question.alice, "user_bob")
}

test_machine_named_like_a_user_is_not_that_user if {
	owner.decision == {"outcome": "deny", "reason": "not_yours"} with input as read(question.machine, "user_alice")
}

test_machine_owns_what_says_so if {
	machines := object.union(read(question.machine, "user_alice"), {"resource": {"properties": {"owner_type": "client"}}})
	owner.decision == {"outcome": "allow"} with input as machines
}

test_missing_scope_is_not_allowed_and_tells_nothing_of_the_object if {
	reader := question.with_properties(question.alice, {"scopes": ["write:orders"]})
	owner.decision == {"outcome": "deny", "reason": "not_allowed"} with input as read(reader, "user_alice")
	owner.decision == {"outcome": "deny", "reason": "not_allowed"} with input as read(reader, "user_bob")
}

test_collection_is_decided_by_scope if {
	owner.decision == {"outcome": "allow"} with input as list(question.alice)
}

test_nothing_asked_is_a_denial if {
	owner.decision == {"outcome": "deny", "reason": "not_allowed"} with input as {}
	owner.decision == {"outcome": "deny", "reason": "not_allowed"}
}

read(subject, owner) := question.ask(subject, "read", "GET", "read:orders", question.order(owner, 4200))

list(subject) := question.ask(subject, "list", "GET", "read:orders", question.orders)
