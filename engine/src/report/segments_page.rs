//! The part of a page that tells of segments.

use maud::{html, Markup};

use super::plot::theme::{number, percent};
use super::segments::{SegmentStories, MOST_SEGMENTS};
use super::words::count;

/// What is told of the segments: who they are, and what each column is in each.
pub(super) fn segments(stories: &SegmentStories) -> Markup {
    html! {
        h2 { "Who they are" }
        div.scroll { table {
            thead { tr {
                th.n { "segment" } th { "name" } th.n { "rows" } th.n { "share" }
                @if let Some(column) = &stories.value_column { th.n { "mean " (column) } th.n { "share of " (column) } }
                th.n { "silhouette" } th.wide { "what sets it apart" }
            } }
            tbody {
                @for (i, story) in stories.all.iter().enumerate() {
                    tr {
                        td.n { (i + 1) } td dir="auto" { (story.name) } td.n { (count(story.size)) } td.n { (percent(story.share)) }
                        @if stories.value_column.is_some() {
                            td.n { @if let Some((mean, _, _)) = story.value { (number(mean)) } }
                            td.n { @if let Some((_, _, Some(share))) = story.value { (percent(share)) } }
                        }
                        td.n { @if let Some(silhouette) = story.silhouette { (format!("{silhouette:.2}")) } }
                        td dir="auto" {
                            @if story.apart.is_empty() { span.muted { "nothing much" } }
                            @for clause in &story.apart { div { (clause) } }
                        }
                    }
                }
            }
        } }
        @if !stories.profile.is_empty() {
            h2 { "What they are like" }
            p.muted { "The mean of each column, or the most frequent level with its share." }
            div.scroll { table {
                thead { tr {
                    th { "column" }
                    @for (i, story) in stories.all.iter().take(MOST_SEGMENTS).enumerate() { th dir="auto" { (i + 1) span.note { (story.name) } } }
                } }
                tbody { @for (column, cells) in &stories.profile {
                    tr { td dir="auto" { (column) } @for cell in cells { td dir="auto" { (cell) } } }
                } }
            } }
            @if stories.all.len() > MOST_SEGMENTS {
                p.muted { "And " (stories.all.len() - MOST_SEGMENTS) " more segments: orchard.segments lists them." }
            }
        }
        @if stories.all.iter().any(|s| !s.typical.is_empty()) {
            h2 { "A typical row of each" }
            p.muted { "The training row nearest to the centre." }
            div.scroll { table {
                thead { tr {
                    th.n { "segment" }
                    @if let Some(first) = stories.all.iter().find(|s| !s.typical.is_empty()) {
                        @for (column, _) in &first.typical { th dir="auto" { (column) } }
                    }
                } }
                tbody { @for (i, story) in stories.all.iter().enumerate().take(MOST_SEGMENTS) {
                    tr { td.n { (i + 1) } @for (_, value) in &story.typical { td dir="auto" { (value) } } }
                } }
            } }
        }
    }
}
