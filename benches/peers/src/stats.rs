//! Medians, ranges and percentiles.

/// The middle value, or the mean of the two in the middle; `None` of nothing.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], upper)
    } else {
        upper
    })
}

/// The least and the greatest value; `None` of nothing.
pub fn range(values: &[f64]) -> Option<[f64; 2]> {
    let &first = values.first()?;
    let least = values.iter().copied().fold(first, f64::min);
    let greatest = values.iter().copied().fold(first, f64::max);
    Some([least, greatest])
}

/// The value below which `percent` of the values lie; 0 of nothing.
pub fn percentile(values: &mut [u64], percent: usize) -> u64 {
    if values.is_empty() {
        return 0;
    }
    let index = (values.len() * percent / 100).min(values.len() - 1);
    *values.select_nth_unstable(index).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle_value() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn range_is_from_the_least_to_the_greatest_value() {
        assert_eq!(range(&[]), None);
        assert_eq!(range(&[2.0]), Some([2.0, 2.0]));
        assert_eq!(range(&[2.0, 3.0, 1.0]), Some([1.0, 3.0]));
    }

    #[test]
    fn percentile_is_the_value_at_its_rank() {
        let mut values: Vec<u64> = (0..100).rev().collect();
        assert_eq!(percentile(&mut values, 50), 50);
        assert_eq!(percentile(&mut values, 99), 99);
        assert_eq!(percentile(&mut [], 99), 0);
    }
}
