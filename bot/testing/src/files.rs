//! Files that were uploaded.

use std::collections::HashMap;

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::message::{Media, Photo, unique};
use crate::params::Params;
use crate::refusal::Refusal;

/// The largest picture, in bytes.
const LARGEST_PHOTO: usize = 10 << 20;
/// Width and height of a picture together, in pixels.
const LONGEST_SIDES: u32 = 10_000;
/// How much longer one side of a picture may be.
const STEEPEST: u32 = 20;

/// Everything that was uploaded, by the id that stands for it.
#[derive(Debug, Default)]
pub(crate) struct Files {
    known: HashMap<String, File>,
}

#[derive(Debug)]
struct File {
    media: Media,
    content: Bytes,
}

impl Files {
    /// The picture in the parameter `photo`: uploaded, or the id of one that is known.
    pub(crate) fn photo(&mut self, params: &Params) -> Result<Media, Refusal> {
        match params.files.get("photo") {
            Some(content) => self.add_photo(content),
            None => match params.text("photo") {
                Some(name) => self.named(&name, params, true),
                None => Err(Refusal::bad("there is no photo in the request")),
            },
        }
    }

    /// The file in the parameter `document`.
    pub(crate) fn document(&mut self, params: &Params) -> Result<Media, Refusal> {
        match params.files.get("document") {
            Some(content) => Ok(self.add_document(content)),
            None => match params.text("document") {
                Some(name) => self.named(&name, params, false),
                None => Err(Refusal::bad("there is no document in the request")),
            },
        }
    }

    /// What `attach://…` or a file id stands for.
    pub(crate) fn named(&mut self, name: &str, params: &Params, is_photo: bool) -> Result<Media, Refusal> {
        if let Some(part) = name.strip_prefix("attach://") {
            let content =
                params.files.get(part).ok_or_else(|| Refusal::bad("can't find the attached file"))?;
            return if is_photo { self.add_photo(content) } else { Ok(self.add_document(content)) };
        }
        let wrong = || Refusal::bad("wrong file identifier/HTTP URL specified");
        let media = self.known.get(name).map(|file| file.media.clone()).ok_or_else(wrong)?;
        match (&media, is_photo) {
            (Media::Photo(_), true) | (Media::Document { .. }, false) => Ok(media),
            (Media::Photo(_), false) => Err(Refusal::bad("can't use file of type Photo as Document")),
            (Media::Document { .. }, true) => Err(Refusal::bad("can't use file of type Document as Photo")),
        }
    }

    /// What `getFile` answers.
    pub(crate) fn describe(&self, file_id: &str) -> Option<Value> {
        let file = self.known.get(file_id)?;
        Some(json!({
            "file_id": file_id,
            "file_unique_id": unique(file_id),
            "file_size": file.content.len(),
            "file_path": format!("files/{file_id}"),
        }))
    }

    /// The file at a path that [`describe`](Self::describe) told.
    pub(crate) fn at(&self, path: &str) -> Option<Bytes> {
        Some(self.known.get(path.strip_prefix("files/")?)?.content.clone())
    }

    fn add_photo(&mut self, content: &Bytes) -> Result<Media, Refusal> {
        if content.len() > LARGEST_PHOTO {
            return Err(Refusal::bad("file is too big"));
        }
        let (width, height) = dimensions(content).ok_or_else(|| Refusal::bad("IMAGE_PROCESS_FAILED"))?;
        let (short, long) = (width.min(height), width.max(height));
        if short == 0 || width.saturating_add(height) > LONGEST_SIDES || long / short > STEEPEST {
            return Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS"));
        }
        let file_id = self.next_id("photo");
        let media = Media::Photo(Photo { file_id: file_id.clone(), width, height, bytes: content.len() });
        self.known.insert(file_id, File { media: media.clone(), content: content.clone() });
        Ok(media)
    }

    fn add_document(&mut self, content: &Bytes) -> Media {
        let file_id = self.next_id("document");
        let media =
            Media::Document { file_id: file_id.clone(), name: "file".to_owned(), bytes: content.len() };
        self.known.insert(file_id, File { media: media.clone(), content: content.clone() });
        media
    }

    fn next_id(&self, kind: &str) -> String {
        format!("AgACAgIAAx-{kind}-{:08}", self.known.len() + 1)
    }
}

/// Width and height of a PNG or JPEG picture.
fn dimensions(content: &[u8]) -> Option<(u32, u32)> {
    if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        let number = |from: usize| Some(u32::from_be_bytes(content.get(from..from + 4)?.try_into().ok()?));
        return Some((number(16)?, number(20)?));
    }
    let mut rest = content.strip_prefix(b"\xff\xd8")?;
    while let [0xff, marker, high, low, tail @ ..] = rest {
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame && let [_, h1, h0, w1, w0, ..] = tail {
            return Some((u16::from_be_bytes([*w1, *w0]).into(), u16::from_be_bytes([*h1, *h0]).into()));
        }
        rest = rest.get(2 + usize::from(u16::from_be_bytes([*high, *low]))..)?;
    }
    None
}
