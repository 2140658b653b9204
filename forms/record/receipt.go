package record

import (
	"bytes"

	"sealform/forms"
	"sealform/internal/address"
	"sealform/internal/sealedaddress"
)

// sealReceipt seals the address of a visitor who is mailed a receipt; nil if none is.
func (a *content) sealReceipt(p *Plan) *sealedaddress.Address {
	if p.Deliver.Receipt == nil {
		return nil
	}
	to := a.receiptAddress(p.Deliver.Receipt.Field)
	if to == nil {
		return nil
	}
	defer clear(to)
	return p.Receipt(p.ID, to)
}

// receiptAddress is a copy of the one address in that field. It is nil where the visitor gave none or several, where
// the questions of this revision asked for something else, or where the address is not of the strict kind that we send
// to, though it may be a good one.
func (a *content) receiptAddress(id string) []byte {
	if x := a.form.Field(id); x == nil || x.Type != forms.Email {
		return nil
	}
	var found []byte
	for _, p := range a.pairs {
		if p.Name != id || len(bytes.TrimSpace(p.Value)) == 0 {
			continue
		}
		if found != nil {
			return nil
		}
		found = bytes.TrimSpace(p.Value)
	}
	if address.Check(string(found)) != nil {
		return nil
	}
	return bytes.Clone(found)
}
