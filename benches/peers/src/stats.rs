//! Medians, the middle half and percentiles.

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

/// Between what the middle half of the values lies; `None` of nothing.
pub fn middle_half(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some([values[last / 4], values[last - last / 4]])
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
    fn middle_half_leaves_a_quarter_out_at_each_end() {
        assert_eq!(middle_half(vec![]), None);
        assert_eq!(middle_half(vec![2.0]), Some([2.0, 2.0]));
        let values = [9.0, 3.0, 2.0, 5.0, 4.0];
        assert_eq!(middle_half(values.into()), Some([3.0, 5.0]));
    }

    #[test]
    fn percentile_is_the_value_at_its_rank() {
        let mut values: Vec<u64> = (0..100).rev().collect();
        assert_eq!(percentile(&mut values, 50), 50);
        assert_eq!(percentile(&mut values, 99), 99);
        assert_eq!(percentile(&mut [], 99), 0);
    }
}
