/*
 * Reads AWS's public price list of ECR: `https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonECR/current/index.json`
 * for all regions, or `…/current/REGION/index.json` for one.
 *
 * Source: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-offer.html
 */

/** Standard storage, with the region's code in front everywhere but in us-east-1. */
const STORAGE = /(^|-)TimedStorage-ByteHrs$/;

/** The price of the first gigabyte of standard storage: the tier that begins at zero. */
function firstTier(terms) {
  const tiers = Object.values(terms ?? {}).flatMap(({ priceDimensions }) =>
    Object.values(priceDimensions),
  );
  return tiers.find(({ beginRange = "0", unit }) => Number(beginRange) === 0 && unit === "GB-Mo");
}

/**
 * The US dollars for a GB and month of standard storage, by region, and when AWS published the list.
 *
 * @throws Error where it is not a price list of ECR.
 */
export function storagePrices(list) {
  if (list?.offerCode !== "AmazonECR") {
    throw new Error(`offerCode: found ${JSON.stringify(list?.offerCode)}; allowed: "AmazonECR"`);
  }
  const prices = Object.values(list.products).flatMap(({ sku, attributes }) => {
    const { regionCode, usagetype = "" } = attributes;
    if (!regionCode || !STORAGE.test(usagetype)) return [];
    const usd = Number(firstTier(list.terms?.OnDemand?.[sku])?.pricePerUnit?.USD);
    return Number.isFinite(usd) && usd > 0 ? [[regionCode, usd]] : [];
  });
  return { asOf: list.publicationDate.slice(0, 10), usdPerGbMonth: Object.fromEntries(prices) };
}
