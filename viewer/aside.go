package viewer

import (
	"context"
	"errors"
	"fmt"

	"sealform/internal/audit"
	"sealform/internal/staff"
	"sealform/internal/store"
)

// PutAside takes one that was given up, and that somebody has seen to, out of what staff are told of. It gives errNotGivenUp for
// one that is not given up any more.
func (d *desk) PutAside(ctx context.Context, who staff.Staff, at string) error {
	job, _, err := d.Delivery(ctx, who, at)
	if err != nil {
		return err
	}
	if job.State != store.Dead {
		return errNotGivenUp
	}
	if err := d.Sessions.Record(ctx, who.Entry(audit.ActDeliveryPutAside, string(job.Channel), job.Reference)); err != nil {
		return err
	}
	err = d.Store.PutAside(ctx, job.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, store.ErrNotGivenUp): // tried again since we looked
		return errNotGivenUp
	case err != nil:
		return fmt.Errorf("putting a delivery aside: %w", err)
	}
	return nil
}
