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
    // In this order; see `reconcile`.
    let everything = InvoiceQuery::default();
    let invoices = gather(async |page| service.invoices(viewer, &everything, &page).await).await?;
    let everything = PaymentQuery::default();
    let payments = gather(async |page| service.payments(viewer, &everything, &page).await).await?;
    let currency = gateway.currency();
    let start = view.shop.chain_start(currency).unwrap_or_default();
    let chain = gateway.read(&start).await?.transactions;
    Ok(reconcile(currency, &chain, view.chains.of(currency).cursor.lt, &payments, &invoices))
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
