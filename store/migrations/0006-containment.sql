-- Finding the containments of a target over all incidents.

create index operation_contained on firebreak.operation (target)
  where containment and not superseded;
create index operation_contained_claim on firebreak.operation using gin (claim_targets)
  where containment and not superseded;
