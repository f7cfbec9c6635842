//! Gathering what [`rental_core::reconcile`] compares.

use rental_core::{
    Actor, GatewayError, InvoiceQuery, Page, PageRequest, PaymentGateway, PaymentQuery, Reconciliation,
    Rentals, ServiceError, reconcile,
};

/// Why the books could not be compared with the chain.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The chain cannot be read.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The books cannot be read.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Reads the chain again from where the shop began and compares it with the books, up to the position that had been
/// booked when the comparison began.
///
/// # Errors
/// [`ReconcileError`] when one side cannot be read completely; a difference is not an error but a finding.
pub async fn reconcile_books(
    service: &dyn Rentals,
    gateway: &dyn PaymentGateway,
    viewer: &Actor,
) -> Result<Reconciliation, ReconcileError> {
    let view = service.shop().await?;
    let booked_to = view.chain.cursor.lt;
    let mut chain = gateway.read(&view.shop.chain_start).await?.transactions;
    chain.retain(|transaction| transaction.lt <= booked_to);

    // Payments first: an invoice that settles in between is then newer than its payment, never the other way round.
    let query = PaymentQuery::default();
    let mut payments = gather(async |page| service.payments(viewer, &query, &page).await).await?;
    payments.retain(|payment| payment.lt <= booked_to);
    let query = InvoiceQuery {
        status: Some("settled"),
        ..InvoiceQuery::default()
    };
    let mut invoices = gather(async |page| service.invoices(viewer, &query, &page).await).await?;
    let later: Vec<_> = chain_later(service, viewer, booked_to).await?;
    invoices.retain(|invoice| match invoice.status {
        rental_core::InvoiceStatus::Settled { tx, .. } => !later.contains(&tx),
        _ => false,
    });
    Ok(reconcile(&chain, &payments, &invoices))
}

/// Payments booked after the comparison's end; invoices that they settled are left out of it.
async fn chain_later(
    service: &dyn Rentals,
    viewer: &Actor,
    booked_to: u64,
) -> Result<Vec<rental_core::TxHash>, ServiceError> {
    let mut later = Vec::new();
    let mut page = PageRequest::first(PageRequest::MOST);
    loop {
        let Page { items, next } = service.payments(viewer, &PaymentQuery::default(), &page).await?;
        let ended = items.iter().any(|payment| payment.lt <= booked_to);
        later.extend(
            items
                .into_iter()
                .filter(|payment| payment.lt > booked_to)
                .map(|payment| payment.tx),
        );
        match next {
            Some(after) if !ended => page.after = Some(after),
            _ => return Ok(later),
        }
    }
}

/// All pages of a listing.
async fn gather<T>(
    list: impl AsyncFn(PageRequest) -> Result<Page<T>, ServiceError>,
) -> Result<Vec<T>, ServiceError> {
    let mut all = Vec::new();
    let mut page = PageRequest::first(PageRequest::MOST);
    loop {
        let Page { items, next } = list(page.clone()).await?;
        all.extend(items);
        match next {
            Some(after) => page.after = Some(after),
            None => return Ok(all),
        }
    }
}
